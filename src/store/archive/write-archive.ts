/**
 * A snapshot as a file: Consul's container (a gzipped tar of meta.json, state.bin and SHA256SUMS) around a state of our
 * own. The state is encoded twice, once to know its size and checksum, which a tar needs first, and once to send it,
 * so the archive is never whole in memory.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { createTarPacker } from 'modern-tar';
import type { TarPackController } from 'modern-tar';
import type { Row } from '../../model/index.js';
import { encodeMeta } from './meta.js';
import type { SnapshotMeta } from './meta.js';
import { stateLines } from './state-lines.js';

export interface SnapshotSource extends Pick<SnapshotMeta, 'index' | 'createdAt' | 'datacenter' | 'node'> {
  /** All of one moment, and not changed while it is written. */
  readonly rows: readonly Row[];
}

export async function* writeSnapshotArchive(source: SnapshotSource): AsyncGenerator<Uint8Array, void, void> {
  const { readable, controller } = createTarPacker();
  const gzip = createGzip();
  const packing = pack(controller, source);
  // Its error also ends the packer's stream, and so reaches the reader.
  packing.catch((error: unknown) => controller.error(error));
  const zipping = pipeline(Readable.fromWeb(readable), gzip);
  zipping.catch(() => {});
  try {
    yield* gzip as AsyncIterable<Uint8Array>;
  } finally {
    gzip.destroy();
  }
  await Promise.all([packing, zipping]);
}

async function pack(controller: TarPackController, source: SnapshotSource): Promise<void> {
  const { sha256, meta } = await survey(source);
  const metaJson = Buffer.from(encodeMeta(meta));
  const sums = `${sha256Of(metaJson)}  meta.json\n${sha256}  state.bin\n`;
  const mtime = new Date(source.createdAt);
  const add = (name: string, size: number) =>
    controller.add({ name, size, mtime, mode: 0o600, type: 'file' }).getWriter();
  const writeAll = async (name: string, bytes: Buffer): Promise<void> => {
    const file = add(name, bytes.length);
    await file.write(bytes);
    await file.close();
  };

  await writeAll('meta.json', metaJson);
  const state = add('state.bin', meta.sizeBytes);
  for (const piece of stateLines(source.rows)) {
    await state.write(piece);
    await turn();
  }
  await state.close();
  await writeAll('SHA256SUMS', Buffer.from(sums));
  controller.finalize();
}

async function survey({ rows, ...about }: SnapshotSource): Promise<{ sha256: string; meta: SnapshotMeta }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const piece of stateLines(rows)) {
    hash.update(piece);
    sizeBytes += piece.length;
    await turn();
  }
  return { sha256: hash.digest('hex'), meta: { ...about, counts: countsOf(rows), sizeBytes } };
}

export function countsOf(rows: readonly Row[]): SnapshotMeta['counts'] {
  const counts: Partial<Record<Row['kind'], number>> = {};
  for (const { kind } of rows) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
