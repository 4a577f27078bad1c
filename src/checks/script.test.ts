import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type CheckRegistration, toCheckDefinition } from '../model/index.js';
import { isProcessRunning } from '../testing/running-process.js';
import { osServiceRunner } from './os-service.js';
import { dockerRunner, scriptRunner } from './script.js';

const runner = scriptRunner();
const signal = new AbortController().signal;

function script(args: readonly string[], more: CheckRegistration = {}) {
  return toCheckDefinition({ Args: [...args], Interval: '10s', ...more });
}

function node(code: string, more: CheckRegistration = {}) {
  return script([process.execPath, '-e', code], more);
}

/** A directory in PATH that holds one command: stands in for docker and systemctl, which tests do not touch. */
async function withCommand<T>(name: string, source: string, use: () => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'check-command-'));
  const path = process.env['PATH'];
  writeFileSync(join(folder, name), `#!/bin/sh\n${source}\n`, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  try {
    return await use();
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
}

async function gone(pid: number): Promise<void> {
  for (let turn = 0; turn < 100 && isProcessRunning(pid); turn++) await delay(10);
  expect(isProcessRunning(pid)).toBe(false);
}

describe('script check', () => {
  it.each([
    [0, 'passing'],
    [1, 'warning'],
    [2, 'critical'],
    [255, 'critical'],
  ])('exit %i is %s', async (code, status) => {
    expect(await runner.run(script(['/bin/sh', '-c', `echo says $0; exit ${code}`, 'so']), signal)).toEqual({
      status,
      output: 'says so\n',
    });
  });

  it('takes arguments as they are, through no shell', async () => {
    const { output } = await runner.run(script(['/bin/echo', '$HOME; echo', '*', '"quoted"']), signal);
    expect(output).toBe('$HOME; echo * "quoted"\n');
  });

  it('uses a shell when the check names one', async () => {
    const { output } = await runner.run(script(['echo one;', 'echo $0'], { Shell: '/bin/sh' }), signal);
    expect(output).toBe('one\n/bin/sh\n');
  });

  it('collects stdout and stderr', async () => {
    const { output } = await runner.run(script(['/bin/sh', '-c', 'echo out; echo err >&2']), signal);
    expect(output.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('adds its environment to the agent’s', async () => {
    const enriched = scriptRunner({ env: { CHECKED: 'yes' } });
    const { output } = await enriched.run(script(['/bin/sh', '-c', 'echo $CHECKED ${PATH:+path}']), signal);
    expect(output).toBe('yes path\n');
  });

  it('keeps the end of a long output and says how long it was', async () => {
    const { output } = await runner.run(node(`process.stdout.write('a'.repeat(10000) + 'the end')`), signal);
    expect(output.startsWith('Captured 4096 of 10007 bytes\n...\na')).toBe(true);
    expect(output.endsWith('the end')).toBe(true);
  });

  it('is critical when the command cannot be started or dies of a signal', async () => {
    expect(await runner.run(script(['/no/such/command']), signal)).toEqual({
      status: 'critical',
      output: 'exec: "/no/such/command": executable file not found',
    });
    expect(await runner.run(script(['/']), signal)).toMatchObject({ status: 'critical' });
    expect(await runner.run(script(['a\u0000b']), signal)).toMatchObject({ status: 'critical' });
    expect(await runner.run(script(['/bin/sh', '-c', 'kill -9 $$']), signal)).toEqual({
      status: 'critical',
      output: 'signal: SIGKILL',
    });
  });

  it('kills a script that takes too long, and what it started', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'check-script-'));
    const file = join(folder, 'pids');
    const check = script(['/bin/sh', '-c', `sleep 60 & echo $$ $! > ${file}; wait`]);
    const result = await runner.run(check, AbortSignal.timeout(300));
    expect(result).toEqual({ status: 'critical', output: 'Timed out (30s) running check' });
    const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await gone(pid);
    rmSync(folder, { recursive: true });
  });
});

describe('docker check', () => {
  const docker = dockerRunner();

  it('runs its arguments inside the container', async () => {
    const check = toCheckDefinition({ DockerContainerID: 'web-1', Args: ['/bin/check', '$x'], Interval: '10s' });
    const result = await withCommand('docker', 'echo "$@"; exit 1', () => docker.run(check, signal));
    expect(result).toEqual({ status: 'warning', output: 'exec -- web-1 /bin/check $x\n' });
  });
});

describe('os_service check', () => {
  const check = toCheckDefinition({ OSService: 'nginx.service', Interval: '10s' });

  it.each([
    ['LoadState=loaded ActiveState=active', 'passing', 'Service "nginx.service" is healthy'],
    ['LoadState=not-found ActiveState=inactive', 'warning', 'Service "nginx.service" not found'],
    ['LoadState=loaded ActiveState=failed', 'critical', 'Service "nginx.service" is failed'],
  ])('%s is %s', async (properties, status, output) => {
    const source = `[ "$4" = nginx.service ] && printf '%s\\n' ${properties}`;
    const result = await withCommand('systemctl', source, () => osServiceRunner().run(check, signal));
    expect(result).toEqual({ status, output });
  });

  it('is critical when systemd does not answer', async () => {
    const result = await withCommand('systemctl', 'echo no bus >&2; exit 1', () =>
      osServiceRunner().run(check, signal),
    );
    expect(result).toEqual({ status: 'critical', output: 'systemctl failed: no bus' });
  });
});
