import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Command } from 'commander';
import type { ConsulKvPair } from '../../consul/index.js';
import { invalid, ServiceDiscoveryError, toJson } from '../../model/index.js';
import {
  bigNumber,
  printJson,
  useAgent,
  wholeNumber,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
  type Session,
} from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { printable } from '../output/printable.js';
import { table } from '../output/table.js';
import { plural } from '../output/words.js';

export const command: CommandFactory = (session) =>
  withExamples(
    new Command('kv')
      .description('Key-values.')
      .addCommand(get(session))
      .addCommand(put(session))
      .addCommand(remove(session))
      .addCommand(list(session)),
    [
      ['datapunk kv put app/config/level info', 'write'],
      ['datapunk kv get app/config/level', 'read the value'],
      ['datapunk kv list app/', 'keys under a prefix'],
      ['datapunk kv delete --recurse app/', 'remove all under a prefix'],
    ],
  );

function get(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('get')
        .description('Prints the value of a key, exactly as stored.')
        .argument('<key>')
        .option('--recurse', 'all keys under this prefix, with values')
        .option('--detailed', 'with indexes, flags and lock'),
    ).action((key: string, flags: ClientFlags & { recurse?: boolean; detailed?: boolean }) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const found = flags.recurse === true ? await agent.kv.list(key) : await agent.kv.get(key);
        const pairs = [found.value ?? []].flat();
        if (pairs.length === 0) throw missing(key, flags.recurse === true);
        // Not by JSON.stringify: Flags may be larger than a number can hold.
        if (flags.json === true) return io.out(toJson(pairs.map(encoded), true));
        if (flags.detailed === true) return io.out(pairs.map(detailed).join('\n'));
        if (flags.recurse !== true) return writeValue(session, (pairs[0] as ConsulKvPair).Value);
        const columns = [
          { title: 'KEY', value: (pair: ConsulKvPair) => pair.Key },
          { title: 'VALUE', value: (pair: ConsulKvPair) => pair.Value.toString('utf8') },
        ];
        io.out(table(io, columns, pairs));
      }),
    ),
    [
      ['datapunk kv get app/motd', 'the bytes, as they are'],
      ['datapunk kv get --detailed app/motd', 'with ModifyIndex, for --cas'],
      ['datapunk kv get --recurse app/', 'everything under a prefix'],
    ],
  );
}

/** To a terminal with a line break at the end; to a pipe byte for byte. */
function writeValue({ io }: Session, value: Buffer): void {
  if (io.terminal) io.out(`${value.toString('utf8').split('\n').map(printable).join('\n')}\n`);
  else io.bytes(value);
}

function detailed(pair: ConsulKvPair): string {
  const fields: readonly (readonly [string, string])[] = [
    ['Key', pair.Key],
    ['Value', pair.Value.toString('utf8')],
    ['Flags', String(pair.Flags)],
    ['CreateIndex', String(pair.CreateIndex)],
    ['ModifyIndex', String(pair.ModifyIndex)],
    ['LockIndex', String(pair.LockIndex)],
    ['Session', pair.Session ?? '-'],
  ];
  return fields.map(([name, value]) => `${name.padEnd(12)} ${printable(value)}\n`).join('');
}

function put(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('put')
        .description('Writes a key. The value is the argument, a file (@FILE), or stdin ("-").')
        .argument('<key>')
        .argument('[value]', 'text, @FILE, or - for stdin', '')
        .option('--cas <index>', 'only if ModifyIndex is this; 0: only if there is no such key', wholeNumber)
        .option('--flags <number>', 'number stored beside the value', bigNumber),
    ).action((key: string, value: string, flags: ClientFlags & { cas?: number; flags?: bigint }) =>
      useAgent(session, flags, async (agent) => {
        const body = await valueOf(session, value);
        const done = await agent.kv.put(key, body, { cas: flags.cas, flags: flags.flags });
        report(session, flags, done, `stored ${key} (${plural(body.length, 'byte')})`, key);
      }),
    ),
    [
      ['datapunk kv put app/motd "hello"', 'text'],
      ['datapunk kv put app/cert @server.pem', 'a file'],
      ['date | datapunk kv put app/started -', 'stdin'],
      ['datapunk kv put --cas 0 app/leader me', 'only if nobody was faster (exit code 6 if so)'],
    ],
  );
}

function remove(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('delete')
        .description('Removes a key, or with --recurse all keys under a prefix. Removing what is not there succeeds.')
        .argument('<key>')
        .option('--recurse', 'all keys under this prefix')
        .option('--cas <index>', 'only if ModifyIndex is this', wholeNumber),
    ).action((key: string, flags: ClientFlags & { recurse?: boolean; cas?: number }) =>
      useAgent(session, flags, async (agent) => {
        if (flags.recurse === true && flags.cas !== undefined)
          throw invalid('--cas is for one key, not with --recurse');
        const done = await (flags.recurse === true
          ? agent.kv.deleteAll(key)
          : agent.kv.delete(key, { cas: flags.cas }));
        report(session, flags, done, `deleted ${key}${flags.recurse === true ? '…' : ''}`, key);
      }),
    ),
    [
      ['datapunk kv delete app/motd', 'one key'],
      ['datapunk kv delete --recurse app/', 'a whole prefix'],
    ],
  );
}

function list(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('list')
        .description('Keys under a prefix.')
        .argument('[prefix]', 'default: all', '')
        .option('--separator <text>', 'cut keys after the first of these past the prefix, as a directory listing'),
    ).action((prefix: string, flags: ClientFlags & { separator?: string }) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const { status, value: keys } = await agent.kv.keys(prefix, { separator: flags.separator });
        if (status === 404) throw missing(prefix, true);
        if (flags.json === true) return printJson(io, keys);
        io.out(keys.map((key) => `${printable(key)}\n`).join(''));
      }),
    ),
    [
      ['datapunk kv list', 'all keys'],
      ['datapunk kv list app/ --separator /', 'one level only'],
    ],
  );
}

function report(session: Session, flags: ClientFlags, done: boolean, says: string, key: string): void {
  if (flags.json === true) printJson(session.io, done);
  else if (done) session.io.out(`${printable(says)}\n`);
  if (done) return;
  session.exitWith(exitCodes.conflict);
  session.io.err(`${printable(key)} was changed by somebody else (its ModifyIndex is not the one given)\n`);
}

async function valueOf({ io }: Session, text: string): Promise<Buffer> {
  if (text === '-') return buffer(io.stdin);
  return text.startsWith('@')
    ? readFile(text.slice(1)).catch((error: unknown) => cannotRead(text.slice(1), error))
    : Buffer.from(text);
}

function cannotRead(path: string, error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new ServiceDiscoveryError('INVALID_ARGUMENT', `cannot read ${path}: ${why}`, { cause: error });
}

/** As the agent itself writes it. */
function encoded(pair: ConsulKvPair): object {
  return { ...pair, Value: pair.Value.length === 0 ? null : pair.Value.toString('base64') };
}

function missing(key: string, prefix: boolean): ServiceDiscoveryError {
  return new ServiceDiscoveryError('NOT_FOUND', prefix ? `no key begins with "${key}"` : `there is no key "${key}"`);
}
