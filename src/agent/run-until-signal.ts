import { unlink, writeFile } from 'node:fs/promises';
import type { Agent, AgentEnd } from './agent.js';
import { startAgent } from './agent.js';
import { loadConfig, type AgentFlags } from './config/index.js';
import { createLogger, type AgentLogger } from './logger.js';

/** An agent as a process of its own: signals, one line when ready, an exit that never hangs. */
export interface RunOptions {
  readonly flags: AgentFlags;
  readonly environment: NodeJS.ProcessEnv;
  /** Told once, when the agent answers. */
  ready(line: string): void;
}

/** A graceful stop takes at most so long; then the process ends anyway. */
const STOP_MS = 4_500;

/** 'stopped': by a signal or over HTTP, all is well. 'failed': it could not go on; the log says why. */
export async function runUntilSignal(options: RunOptions): Promise<'stopped' | 'failed'> {
  const load = (): ReturnType<typeof loadConfig> => loadConfig(options.flags, options.environment);
  const { config, warnings } = await load();
  const startLog = createLogger(config.log);
  for (const warning of warnings) startLog.warn({ warning }, 'config.warning');
  const signals = new Signals();
  const agent = await startAgent(config, { loadConfig: load });
  const { logger } = agent;
  signals.onReload(() => reload(agent));
  const crash = crashes(logger);
  await writePid(config.pidFile);
  options.ready(readyLine(agent, config.dataDir));
  const end = await Promise.race([signals.stop, agent.ended, crash]);
  report(logger, end);
  const closed = await withinTime(agent.close());
  if (!closed) logger.error({ afterMs: STOP_MS }, 'agent.stop_timed_out');
  if (config.pidFile !== undefined) await unlink(config.pidFile).catch(() => undefined);
  logger.info({}, 'agent.stopped');
  // Whatever still holds the process open must not keep it.
  setTimeout(() => process.exit(), 100).unref();
  return end.type === 'failed' ? 'failed' : 'stopped';
}

type End = AgentEnd | { readonly type: 'signal'; readonly signal: NodeJS.Signals };

/** Listened to from before the start, so that a signal during it is not the default's sudden death. */
class Signals {
  readonly stop: Promise<End>;

  constructor() {
    this.stop = new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () => resolve({ type: 'signal', signal }));
      }
    });
  }

  onReload(reload: () => void): void {
    process.on('SIGHUP', reload);
  }
}

function reload(agent: Agent): void {
  agent.reload().catch((error: unknown) => agent.logger.error({ err: error }, 'config.reload_failed'));
}

/** A bug of ours: told, and then the end, since nobody knows what state it left behind. */
function crashes(logger: AgentLogger): Promise<End> {
  return new Promise((resolve) => {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => {
        logger.error({ err: error, event }, 'agent.crashed');
        resolve({ type: 'failed', error: error as never });
      });
    }
  });
}

function report(logger: AgentLogger, end: End): void {
  if (end.type === 'signal') logger.info({ signal: end.signal }, 'agent.stopping');
  else if (end.type === 'left') logger.info({}, 'agent.leaving');
  else logger.error({ err: end.error }, 'agent.failed');
}

async function withinTime(closing: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), STOP_MS);
  });
  try {
    return await Promise.race([closing.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function writePid(path: string | undefined): Promise<void> {
  if (path !== undefined) await writeFile(path, `${process.pid}\n`);
}

function readyLine({ addresses, registry }: Agent, dataDir: string | undefined): string {
  const servers = [
    ['HTTP', addresses.http],
    ['HTTPS', addresses.https],
    ['DNS', addresses.dns],
    ['DNS over TLS', addresses.dnsTls],
  ] as const;
  const shown = servers.filter(([, at]) => at.length > 0).map(([name, at]) => `${name} ${at.join(' ')}`);
  const data = dataDir === undefined ? 'in memory' : `data in ${dataDir}`;
  return `datapunk agent ready: node ${registry.nodeName}, ${[...shown, data].join(', ')}`;
}
