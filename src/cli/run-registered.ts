import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { ConsulClient } from '../consul/index.js';
import { isDiscoveryError, parseDuration, type ServiceRegistration } from '../model/index.js';
import { useAgent, type ClientFlags, type Session } from './command.js';
import { pause } from './pause.js';

/**
 * A program that is registered for as long as it runs: register, heartbeat, run, and when it ends – by itself or by a
 * signal – out of discovery first, then deregistered. A wrapper killed with -9 cannot do that; its heartbeat stops,
 * the instance turns critical after the TTL and is removed a minute later.
 */
export interface Supervision {
  /** Longest silence of the heartbeat. Default 10 s. */
  readonly ttl?: string;
  /** How long without one until the instance is removed. Default 1 minute. */
  readonly deregisterAfter?: string;
  /** Between leaving discovery and the signal that ends the program. */
  readonly drainMs: number;
}

const TTL = '10s';
const DEREGISTER_AFTER = '1m';
/** Three chances within a TTL. */
const HEARTBEATS_PER_TTL = 3;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const ENDING: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGQUIT']);
/** As a shell reports a program that could not be started. */
const CANNOT_START = 127;

export async function runRegistered(
  session: Session,
  flags: ClientFlags,
  definition: ServiceRegistration,
  [program, ...args]: readonly string[],
  supervision: Supervision,
): Promise<number> {
  return useAgent(session, flags, async (agent) => {
    const body = withHeartbeat(definition, supervision);
    const id = body.ID as string;
    const letSignalsGo = holdSignals();
    await agent.agent.register(body).catch((error: unknown) => {
      letSignalsGo();
      throw error;
    });
    const ended = new AbortController();
    const child = spawn(program as string, args, { stdio: 'inherit' });
    const stopForwarding = forwardSignals(child, supervision.drainMs, () => drain(session, agent, id));
    letSignalsGo();
    try {
      await once(child, 'spawn');
      const heartbeat = beat(session, agent, body, supervision.ttl ?? TTL, ended.signal);
      const exit = await exitOf(child);
      ended.abort();
      await heartbeat;
      return exit;
    } catch (error) {
      session.io.err(`cannot run ${program}: ${error instanceof Error ? error.message : String(error)}\n`);
      return CANNOT_START;
    } finally {
      ended.abort();
      stopForwarding();
      await leave(session, agent, id);
    }
  });
}

/** The definition with a TTL check of our own beside those it has. */
function withHeartbeat(
  definition: ServiceRegistration,
  { ttl = TTL, deregisterAfter = DEREGISTER_AFTER }: Supervision,
): ServiceRegistration {
  const { Name = '', ID = Name, Check, Checks, ...rest } = definition;
  const own = {
    CheckID: heartbeatId(ID),
    Name: 'Program runs',
    TTL: ttl,
    Status: 'passing',
    DeregisterCriticalServiceAfter: deregisterAfter,
  };
  return { ...rest, Name, ID, Checks: [...(Check ? [Check] : []), ...(Checks ?? []), own] };
}

function heartbeatId(serviceId: string): string {
  return `program:${serviceId}`;
}

async function beat(
  session: Session,
  agent: ConsulClient,
  body: ServiceRegistration,
  ttl: string,
  signal: AbortSignal,
): Promise<void> {
  const id = body.ID as string;
  const everyMs = (parseDuration(ttl) as number) / HEARTBEATS_PER_TTL;
  let lost = false;
  while (!signal.aborted) {
    try {
      await agent.agent.passCheck(heartbeatId(id), { signal });
      if (lost) session.io.err(`the agent is back; ${id} goes on\n`);
      lost = false;
    } catch (error) {
      if (signal.aborted) return;
      if (isForgotten(error)) await reRegister(agent, body);
      else if (!lost) session.io.err(`no heartbeat for ${id}: ${(error as Error).message}; trying again\n`);
      lost = true;
    }
    await pause(everyMs, signal);
  }
}

/** An agent that lost its memory (or its data dir) knows neither the check nor the service. */
function isForgotten(error: unknown): boolean {
  return (
    isDiscoveryError(error) && (error.code === 'NOT_FOUND' || error.message.includes('does not have associated TTL'))
  );
}

async function reRegister(agent: ConsulClient, body: ServiceRegistration): Promise<void> {
  await agent.agent.register(body).catch(() => undefined);
}

/** Out of discovery, so that nobody is sent there any more while it finishes what it has. */
async function drain(session: Session, agent: ConsulClient, id: string): Promise<void> {
  const options = { reason: 'stopping', timeoutMs: 2_000 };
  await agent.agent.serviceMaintenance(id, true, options).catch((error: unknown) => {
    session.io.err(`could not drain ${id}: ${error instanceof Error ? error.message : String(error)}\n`);
  });
}

async function leave(session: Session, agent: ConsulClient, id: string): Promise<void> {
  await agent.agent.deregister(id, { timeoutMs: 2_000 }).catch((error: unknown) => {
    if (isDiscoveryError(error, 'NOT_FOUND')) return;
    session.io.err(`could not deregister ${id}: ${error instanceof Error ? error.message : String(error)}\n`);
  });
}

/** From before there is an instance until there is somebody to take the signal: one in between would leave a ghost. */
function holdSignals(): () => void {
  const held = new Set<NodeJS.Signals>();
  const hold = (signal: NodeJS.Signals): void => void held.add(signal);
  for (const signal of FORWARDED) process.on(signal, hold);
  return () => {
    for (const signal of FORWARDED) process.off(signal, hold);
    for (const signal of held) process.emit(signal, signal);
  };
}

/** A signal that ends is held back for the drain once; every other one, and the second, goes through at once. */
function forwardSignals(child: ChildProcess, drainMs: number, drainNow: () => Promise<void>): () => void {
  let draining = false;
  const handlers = FORWARDED.map((signal) => {
    const handler = (): void => {
      if (!ENDING.has(signal) || draining) return void child.kill(signal);
      draining = true;
      const drained = drainNow();
      // Ctrl-C goes to all processes of a terminal: the program has it already, and a second one often means "at once".
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      void drained.then(() => setTimeout(() => child.kill(signal), drainMs));
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((off) => off());
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
