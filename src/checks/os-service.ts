import type { CheckResult, CheckRunner } from '../model/index.js';
import { timedOut } from './failure.js';
import { runProcess } from './process.js';

/** State of a systemd unit, asked of systemctl: active passing, no such unit warning, anything else critical. */
export function osServiceRunner(): CheckRunner {
  return {
    async run(check, signal) {
      const argv = ['systemctl', 'show', '--property=LoadState,ActiveState', '--', check.target];
      try {
        const end = await runProcess(argv, { env: process.env, keepBytes: 1024, signal });
        if (signal.aborted)
          return { status: 'critical', output: timedOut(signal) ? 'systemctl timed out' : 'check was stopped' };
        if (end.code !== 0) return { status: 'critical', output: `systemctl failed: ${end.output.trim()}` };
        return verdict(check.target, end.output);
      } catch (error) {
        return { status: 'critical', output: `systemctl cannot be run: ${(error as Error).message}` };
      }
    },
  };
}

function verdict(unit: string, properties: string): CheckResult {
  const states = new Map(properties.split('\n').map((line) => line.split('=', 2) as [string, string]));
  if (states.get('LoadState') === 'not-found') return { status: 'warning', output: `Service "${unit}" not found` };
  const active = states.get('ActiveState') ?? 'unknown';
  if (active === 'active') return { status: 'passing', output: `Service "${unit}" is healthy` };
  return { status: 'critical', output: `Service "${unit}" is ${active}` };
}
