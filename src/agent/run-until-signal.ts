import { unlink, writeFile } from 'node:fs/promises';
import { isDiscoveryError, ServiceDiscoveryError } from '../model/index.js';
import { startAgent, type Agent, type AgentEnd } from './agent.js';
import { loadConfig, type AgentFlags } from './config/index.js';
import { createLogger } from './logger.js';

/** An agent as a process of its own: signals, one line when ready, an exit that never hangs. */
export interface RunOptions {
  readonly flags: AgentFlags;
  readonly environment: NodeJS.ProcessEnv;
  /** Told once, when the agent answers. */
  ready(line: string): void;
}

/** A graceful stop takes at most so long; then the process ends anyway. */
const STOP_MS = 4_500;
/** What is left open after a stop has this long. */
const LINGER_MS = 100;

type End = AgentEnd | { readonly type: 'signal'; readonly signal: 'SIGTERM' | 'SIGINT' };

/** 'stopped': by a signal or over HTTP, all is well. 'failed': it could not go on; the log says why. */
export async function runUntilSignal(options: RunOptions): Promise<'stopped' | 'failed'> {
  const load = (): ReturnType<typeof loadConfig> => loadConfig(options.flags, options.environment);
  const { config, warnings } = await load();
  const watch = watchProcess();
  const startLog = createLogger(config.log);
  for (const warning of warnings) startLog.warn({ warning }, 'config.warning');
  const agent = await startedInTime(startAgent(config, { loadConfig: load }), watch.end);
  if (!agent) return 'stopped';
  watch.onReload(() => reload(agent));
  if (config.pidFile !== undefined) await writePid(config.pidFile, agent);
  options.ready(readyLine(agent, config.dataDir));

  const end = await Promise.race([watch.end, agent.ended]);
  report(agent, end);
  await closeInTime(agent, end.type === 'signal' && config.peers.leaveOn[end.signal]);
  if (config.pidFile !== undefined) await unlink(config.pidFile).catch(() => undefined);
  agent.logger.info({}, 'agent.stopped');
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return end.type === 'failed' ? 'failed' : 'stopped';
}

/** undefined when it was told to stop while starting, and does not get ready in the time a stop may take. */
async function startedInTime(starting: Promise<Agent>, end: Promise<End>): Promise<Agent | undefined> {
  const first = await Promise.race([starting, end]);
  if (!('type' in first)) return first;
  const { promise: late, cancel } = timer(STOP_MS);
  const agent = await Promise.race([starting, late.then(() => undefined)]);
  cancel();
  if (!agent) setTimeout(() => process.exit(), LINGER_MS).unref();
  return agent;
}

interface ProcessWatch {
  readonly end: Promise<End>;
  onReload(reload: () => void): void;
}

/** Set up before the start, so that a signal during it is a stop once it is done and not a sudden death. */
function watchProcess(): ProcessWatch {
  let reload: (() => void) | undefined;
  process.on('SIGHUP', () => reload?.());
  // Nobody reads the log any more: no reason to end.
  process.stderr.on('error', () => {});
  const end = new Promise<End>((resolve) => {
    // Further ones change nothing: a terminal and npm both pass Ctrl-C on, and the stop ends by itself in time.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => resolve({ type: 'signal', signal }));
    }
    // A bug of ours. Told, and then the end, since nobody knows what state it left behind.
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (cause: unknown) => resolve({ type: 'failed', error: crash(event, cause) }));
    }
  });
  return { end, onReload: (next) => (reload = next) };
}

function crash(event: string, cause: unknown): ServiceDiscoveryError {
  const error = new ServiceDiscoveryError('INTERNAL', `${event}: ${String(cause)}; please report it`, { cause });
  if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
  return error;
}

function reload(agent: Agent): void {
  agent.reload().catch((error: unknown) => {
    const violations = isDiscoveryError(error) ? error.details.violations : undefined;
    agent.logger.error({ err: error, ...(violations ? { violations } : {}) }, 'config.reload_failed');
  });
}

function report({ logger }: Agent, end: End): void {
  if (end.type === 'signal') logger.info({ signal: end.signal }, 'agent.stopping');
  else if (end.type === 'left') logger.info({}, 'agent.leaving');
  else if (end.error.code === 'INTERNAL') logger.error({ err: end.error, stack: end.error.stack }, 'agent.failed');
  else logger.error({ err: end.error }, 'agent.failed');
}

async function closeInTime(agent: Agent, leaves: boolean): Promise<void> {
  const { promise: late, cancel } = timer(STOP_MS);
  const closed = stopped(agent, leaves).catch((error: unknown) =>
    agent.logger.error({ err: error }, 'agent.close_failed'),
  );
  const inTime = await Promise.race([closed.then(() => true), late.then(() => false)]);
  cancel();
  if (!inTime) agent.logger.error({ afterMs: STOP_MS }, 'agent.stop_timed_out');
}

async function stopped(agent: Agent, leaves: boolean): Promise<void> {
  if (leaves) {
    await agent.cluster.leave().catch((error: unknown) => agent.logger.error({ err: error }, 'agent.leave_failed'));
  }
  await agent.close();
}

function timer(ms: number): { readonly promise: Promise<void>; cancel(): void } {
  let handle: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => (handle = setTimeout(resolve, ms)));
  return { promise, cancel: () => clearTimeout(handle) };
}

async function writePid(path: string, agent: Agent): Promise<void> {
  try {
    await writeFile(path, `${process.pid}\n`);
  } catch (cause) {
    await agent.close();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceDiscoveryError('INVALID_ARGUMENT', `pid_file: cannot write ${path}: ${why}`, { cause });
  }
}

function readyLine({ addresses, registry }: Agent, dataDir: string | undefined): string {
  const servers = [
    ['HTTP', addresses.http],
    ['HTTPS', addresses.https],
    ['DNS', addresses.dns],
    ['DNS over TLS', addresses.dnsTls],
    ['DNS over HTTPS', addresses.dnsHttps],
    ['peers', addresses.peer === undefined ? [] : [addresses.peer]],
  ] as const;
  const shown = servers.filter(([, at]) => at.length > 0).map(([name, at]) => `${name} ${at.join(' ')}`);
  const data = dataDir === undefined ? 'in memory' : `data in ${dataDir}`;
  return `datapunk agent ready: node ${registry.nodeName}, ${[...shown, data].join(', ')}`;
}
