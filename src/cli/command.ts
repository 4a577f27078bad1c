import { InvalidArgumentError, type Command } from 'commander';
import type { ConsulClient } from '../consul/index.js';
import { parseDuration } from '../model/index.js';
import type { Io } from './io.js';

/** What a command is given: the world outside, and a way to end other than 0 without an error. */
export interface Session {
  readonly io: Io;
  exitWith(code: number): void;
}

/** Every file in `commands/` exports one of these as `command`. */
export type CommandFactory = (session: Session) => Command;

export interface ClientFlags {
  readonly httpAddr?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** Options that every command talking to an agent has. */
export function withClientOptions(command: Command): Command {
  return command
    .option(
      '--http-addr <addr>',
      'agent to talk to: HOST:PORT, https://…, unix:///… (CONSUL_HTTP_ADDR; default 127.0.0.1:8500)',
    )
    .option('--token <secret>', 'token to send (CONSUL_HTTP_TOKEN)')
    .option('--json', 'print JSON, for programs');
}

export interface DatacenterFlags extends ClientFlags {
  readonly dc?: string;
}

/** Of commands that read the catalog of any datacenter. */
export function withDatacenter(command: Command): Command {
  return withClientOptions(command).option('--dc <datacenter>', 'of this datacenter; default: the agent’s own');
}

/** Examples below the help of a command; every command has some. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, says: string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, says]) => `  $ ${line.padEnd(width)}  ${says}`.trimEnd());
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Runs `work` with a client of the agent that flags and environment name; closes it whatever happens. */
export async function useAgent<T>(
  session: Session,
  flags: ClientFlags,
  work: (agent: ConsulClient) => Promise<T>,
): Promise<T> {
  const { ConsulClient } = await import('../consul/index.js');
  const { httpAddr: addresses, token } = flags;
  await using client = ConsulClient.fromEnvironment(session.io.environment, { addresses, token });
  return await work(client);
}

export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** `key=value`, several times, into a map. */
export function collectPair(
  value: string,
  earlier: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('must be KEY=VALUE.');
  return new Map([...(earlier ?? []), [value.slice(0, at), value.slice(at + 1)]]);
}

/** `key:value`, or `key` alone for an empty value, several times, into a map. */
export function collectMeta(
  value: string,
  earlier: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const [key = '', ...rest] = value.split(':');
  return new Map([...(earlier ?? []), [key, rest.join(':')]]);
}

/** Up to 64 bits. */
export function bigNumber(value: string): bigint {
  if (!/^\d{1,20}$/.test(value) || BigInt(value) >= 2n ** 64n)
    throw new InvalidArgumentError('must be a whole number of 64 bits.');
  return BigInt(value);
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('must be a whole number.');
  return Number(value);
}

export function portNumber(value: string): number {
  const port = wholeNumber(value);
  if (port > 65_535) throw new InvalidArgumentError('must be a port, 0 to 65535.');
  return port;
}

export function durationText(value: string): string {
  if (parseDuration(value) === undefined) throw new InvalidArgumentError('must be a duration such as 10s or 1m30s.');
  return value;
}

export function positiveDurationText(value: string): string {
  if (durationMs(value) <= 0) throw new InvalidArgumentError('must be above 0.');
  return value;
}

export function durationMs(value: string): number {
  return parseDuration(durationText(value)) as number;
}

/**
 * A signal that aborts at Ctrl-C or SIGTERM, or after a time, for standing commands; the second Ctrl-C ends the
 * process as usual. One controller of our own: of signals combined with `AbortSignal.any`, Node 20 loses the timer.
 */
export function untilStopped(afterMs?: number): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  if (afterMs !== undefined) setTimeout(() => controller.abort(), afterMs).unref();
  return controller.signal;
}
