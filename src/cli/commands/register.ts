import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import { invalid, ServiceDiscoveryError, type CheckRegistration, type ServiceRegistration } from '../../model/index.js';
import {
  collect,
  collectPair,
  durationMs,
  durationText,
  positiveDurationText,
  portNumber,
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
  type Session,
} from '../command.js';
import { printable } from '../output/printable.js';
import { hostPort } from '../output/words.js';
import { runRegistered } from '../run-registered.js';

interface Flags extends ClientFlags {
  readonly file?: string;
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly tag?: readonly string[];
  readonly meta?: ReadonlyMap<string, string>;
  readonly checkHttp?: string;
  readonly checkTcp?: boolean;
  readonly checkGrpc?: boolean;
  readonly interval: string;
  readonly timeout?: string;
  readonly ttl?: string;
  readonly deregisterAfter?: string;
  readonly exec?: boolean;
  readonly drain: number;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('register')
        .description('Registers an instance with the agent; with --exec, for as long as a program runs.')
        .argument('[name]', 'service (not with --file)')
        .argument('[command...]', 'with --exec: the program and its arguments, after --')
        .option('--file <path>', 'a definition as JSON ("-": stdin): one, or several under "services"')
        .option('--id <id>', 'instance id (default: the name; with --exec: the name and a random part)')
        .option('--address <host>', 'default: the address of the agent’s node')
        .option('--port <port>', 'where the instance listens', portNumber)
        .option('--tag <tag>', 'repeatable', collect)
        .option('--meta <key=value>', 'repeatable', collectPair)
        .option('--check-http <url>', 'GET it; a path such as /health is completed with address and port')
        .option('--check-tcp', 'connect to address and port')
        .option('--check-grpc', 'ask the gRPC health service at address and port')
        .option('--interval <duration>', 'between two runs of the check', durationText, '10s')
        .option('--timeout <duration>', 'of one run', durationText)
        .option(
          '--ttl <duration>',
          'the instance reports its health itself, at least this often; --exec does it',
          positiveDurationText,
        )
        .option('--deregister-after <duration>', 'remove it when critical for so long', durationText)
        .option('--exec', 'run the program after --; deregister when it ends and exit with its code')
        .addOption(
          new Option(
            '--drain <duration>',
            'with --exec: on a signal, out of discovery for so long before the program gets it',
          )
            .argParser(durationMs)
            .default(1_000, '1s'),
        ),
    ).action((name: string | undefined, program: readonly string[], flags: Flags) =>
      act(session, name, program, flags),
    ),
    [
      ['datapunk register api --port 8080 --check-http /health', 'checked by the agent every 10 s'],
      ['datapunk register api --port 8080 --tag v1 --meta version=1.0.0', 'without a check'],
      ['datapunk register --file api.json', 'a definition as in a configuration file'],
      ['datapunk register api --port 8080 --exec -- node server.js', 'for as long as it runs'],
    ],
  );

async function act(
  session: Session,
  name: string | undefined,
  program: readonly string[],
  flags: Flags,
): Promise<void> {
  if (flags.exec !== true && program.length > 0) {
    throw invalid(`"${program[0]}" is one argument too many; to run a program write --exec before --`);
  }
  const [bodies, rest] =
    flags.file === undefined
      ? [[fromFlags(name, flags)], program]
      : // With a file there is no name, so the first word is the program's.
        [await fromFile(session, flags.file), name === undefined ? program : [name, ...program]];
  if (flags.exec === true) {
    if (rest.length === 0) throw invalid('--exec needs a program: … --exec -- node server.js');
    const [body, ...others] = bodies;
    if (body === undefined || others.length > 0) throw invalid('--exec takes exactly one definition');
    const { ttl, deregisterAfter, drain: drainMs } = flags;
    return session.exitWith(await runRegistered(session, flags, body, rest, { ttl, deregisterAfter, drainMs }));
  }
  if (flags.file !== undefined && name !== undefined)
    throw invalid(`with --file the definition names the service; leave "${name}" out`);
  await useAgent(session, flags, async (agent) => {
    for (const body of bodies) await agent.agent.register(body);
    if (flags.json === true) return printJson(session.io, bodies);
    for (const body of bodies) session.io.out(`registered ${describe(body)}\n`);
  });
}

function fromFlags(name: string | undefined, flags: Flags): ServiceRegistration {
  if (name === undefined || name === '') throw invalid('which service? give its name, or a definition with --file');
  const check = checkOf(flags);
  return {
    Name: name,
    ID: flags.id ?? (flags.exec === true ? `${name}-${randomUUID().slice(0, 8)}` : name),
    ...(flags.address === undefined ? {} : { Address: flags.address }),
    ...(flags.port === undefined ? {} : { Port: flags.port }),
    ...(flags.tag ? { Tags: [...flags.tag] } : {}),
    ...(flags.meta ? { Meta: Object.fromEntries(flags.meta) } : {}),
    ...(check ? { Check: check } : {}),
  };
}

function checkOf(flags: Flags): CheckRegistration | undefined {
  const kind = checkKind(flags);
  if (!kind) return undefined;
  return {
    ...kind,
    ...('TTL' in kind ? {} : { Interval: flags.interval }),
    ...(flags.timeout === undefined ? {} : { Timeout: flags.timeout }),
    ...(flags.deregisterAfter === undefined ? {} : { DeregisterCriticalServiceAfter: flags.deregisterAfter }),
  };
}

function checkKind(flags: Flags): CheckRegistration | undefined {
  // The heartbeat of --exec is a check of its own, beside these.
  const ttl = flags.exec === true ? undefined : flags.ttl;
  const kinds = [flags.checkHttp, flags.checkTcp, flags.checkGrpc, ttl].filter((kind) => kind !== undefined);
  if (kinds.length > 1)
    throw invalid('one check only: --check-http, --check-tcp, --check-grpc or --ttl; several go in a --file');
  if (ttl !== undefined) return { TTL: ttl };
  if (flags.checkHttp !== undefined) {
    return {
      HTTP: flags.checkHttp.startsWith('/')
        ? `http://${targetOf(flags, '--check-http')}${flags.checkHttp}`
        : flags.checkHttp,
    };
  }
  if (flags.checkTcp === true) return { TCP: targetOf(flags, '--check-tcp') };
  return flags.checkGrpc === true ? { GRPC: targetOf(flags, '--check-grpc') } : undefined;
}

/** The agent checks from where it is, and it is on the instance's machine unless an address says otherwise. */
function targetOf(flags: Flags, what: string): string {
  if (flags.port === undefined) throw invalid(`${what} needs --port`);
  return hostPort(flags.address ?? '127.0.0.1', flags.port);
}

async function fromFile(session: Session, path: string): Promise<readonly ServiceRegistration[]> {
  const { decodeService } = await import('../../agent/index.js');
  const value = parse(path, path === '-' ? await text(session.io.stdin) : await contentOf(path));
  const top = isObject(value) ? (value['service'] ?? value['services'] ?? value) : value;
  const bodies = Array.isArray(top) ? (top as unknown[]) : [top];
  return bodies.map((body, i) => {
    try {
      return decodeService(body);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message.replace(/^json: /, '') : String(cause);
      const where = bodies.length === 1 ? path : `${path}: definition ${i + 1}`;
      throw new ServiceDiscoveryError('INVALID_ARGUMENT', `${where}: ${why}`, { cause });
    }
  });
}

async function contentOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceDiscoveryError('INVALID_ARGUMENT', `cannot read ${path}: ${why}`, { cause });
  });
}

function parse(path: string, content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw invalid(`${path}: is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe({ Name = '', ID = Name }: ServiceRegistration): string {
  return printable(ID === Name ? Name : `${Name} as ${ID}`);
}
