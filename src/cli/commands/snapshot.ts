import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { printable } from '../output/printable.js';
import { invalid, ServiceDiscoveryError } from '../../model/index.js';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
  type Session,
} from '../command.js';

export const command: CommandFactory = (session) =>
  withExamples(
    new Command('snapshot')
      .description('The whole state as one file: services, checks, key-values, sessions, queries.')
      .addCommand(save(session))
      .addCommand(restore(session))
      .addCommand(inspect(session)),
    [
      ['datapunk snapshot save backup.snap', 'write it'],
      ['datapunk snapshot inspect backup.snap', 'what is in it, and whether it is whole'],
      ['datapunk snapshot restore backup.snap', 'replace everything with it'],
    ],
  );

function save(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('save')
        .description('Writes a snapshot of the agent.')
        .argument('<file>')
        .option('--force', 'replace a file that is there'),
    ).action((file: string, flags: ClientFlags & { force?: boolean }) =>
      useAgent(session, flags, async (agent) => {
        if (flags.force !== true && (await exists(file))) throw invalid(`${file} exists; --force replaces it`);
        const { value: archive, index } = await agent.snapshot.save();
        // A half-written file must never look like a snapshot.
        const partial = `${file}.partial`;
        const out = createWriteStream(partial, { mode: 0o600 });
        await pipeline(archive, out);
        await rename(partial, file);
        const bytes = out.bytesWritten;
        if (flags.json === true) printJson(session.io, { file, bytes, index });
        else session.io.out(`saved ${file}: ${bytes} bytes, index ${index}\n`);
      }),
    ),
    [['datapunk snapshot save backup.snap', 'the state as it is now']],
  );
}

function restore(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('restore')
        .description(
          'Replaces everything the agent knows with a snapshot: all of it, or nothing when the file is not whole.',
        )
        .argument('<file>'),
    ).action((file: string, flags: ClientFlags) =>
      useAgent(session, flags, async (agent) => {
        await agent.snapshot.restore(await bytesOf(file));
        if (flags.json === true) printJson(session.io, { file, restored: true });
        else session.io.out(`restored ${file}\n`);
      }),
    ),
    [['datapunk snapshot restore backup.snap', 'everything as it was then']],
  );
}

function inspect(session: Session): Command {
  return withExamples(
    new Command('inspect')
      .description('Proves a snapshot whole and says what is in it. Needs no agent.')
      .argument('<file>')
      .option('--json', 'print JSON, for programs')
      .action(async (file: string, flags: { readonly json?: boolean }) => {
        const { inspectSnapshot } = await import('../../store/index.js');
        await stat(file).catch((cause: unknown) => cannotRead(file, cause));
        const meta = await inspectSnapshot(createReadStream(file));
        const createdAt = new Date(meta.createdAt).toISOString();
        if (flags.json === true) return printJson(session.io, { ...meta, createdAt });
        const lines: readonly (readonly [string, string])[] = [
          ['Taken', createdAt],
          ['Node', `${meta.node} in ${meta.datacenter}`],
          ['Index', String(meta.index)],
          ['Size', `${meta.sizeBytes} bytes unpacked`],
          ...Object.entries(meta.counts).map(([kind, count]) => [`  ${kind}`, String(count)] as const),
        ];
        session.io.out(lines.map(([name, value]) => `${name.padEnd(16)}${printable(value)}\n`).join(''));
      }),
    [['datapunk snapshot inspect backup.snap', 'exit code 0 when it is whole']],
  );
}

async function bytesOf(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => cannotRead(file, cause));
}

function cannotRead(file: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new ServiceDiscoveryError('NOT_FOUND', `cannot read ${file}: ${why}`, { cause });
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
