/**
 * Reads an archive back, all or nothing: nothing is returned before every part is there, its checksum is right and
 * every row has the shape of its kind. Throws INVALID_ARGUMENT that says what is wrong; bounded in memory and in what
 * it unpacks, whatever it is given.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { createTarDecoder } from 'modern-tar';
import type { Row } from '../../model/index.js';
import { invalid, isDiscoveryError, limits } from '../../model/index.js';
import { decodeMeta } from './meta.js';
import type { SnapshotMeta } from './meta.js';
import { StateReader } from './state-lines.js';
import { countsOf } from './write-archive.js';

export interface SnapshotContents {
  readonly meta: SnapshotMeta;
  readonly rows: readonly Row[];
}

const PARTS = ['meta.json', 'state.bin', 'SHA256SUMS'] as const;
type Part = (typeof PARTS)[number];
const SMALL_PART_BYTES = 64 * 1024;

export async function readSnapshotArchive(bytes: AsyncIterable<Uint8Array>): Promise<SnapshotContents> {
  const reading = new Reading();
  try {
    const tar = ReadableStream.from(gunzipped(bytes)).pipeThrough(createTarDecoder({ strict: true }));
    for await (const { header, body } of tar) await reading.take(header.name, body);
  } catch (error) {
    if (isDiscoveryError(error)) throw error;
    throw invalid(`the snapshot is not a whole archive: ${(error as Error).message}`);
  }
  return reading.finish();
}

/** What is in an archive, after all of it proved whole. */
export async function inspectSnapshot(bytes: AsyncIterable<Uint8Array>): Promise<SnapshotMeta> {
  return (await readSnapshotArchive(bytes)).meta;
}

class Reading {
  private readonly rows: Row[] = [];
  private readonly state = new StateReader((row) => this.rows.push(row));
  private readonly text = new Map<Part, string>();
  private readonly sums = new Map<Part, string>();

  async take(name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const part = PARTS.find((known) => known === name);
    if (!part || this.sums.has(part)) throw invalid(`the snapshot holds ${JSON.stringify(name)}, which it must not`);
    const hash = createHash('sha256');
    let text = '';
    for await (const bytes of body) {
      hash.update(bytes);
      if (part === 'state.bin') this.state.push(bytes);
      else text += Buffer.from(bytes).toString('latin1');
      if (text.length > SMALL_PART_BYTES) throw invalid(`the snapshot’s ${part} is too long`);
    }
    this.sums.set(part, hash.digest('hex'));
    this.text.set(part, text);
  }

  finish(): SnapshotContents {
    for (const part of PARTS) if (!this.sums.has(part)) throw invalid(`the snapshot has no ${part}`);
    this.state.end();
    const listed = this.text.get('SHA256SUMS') ?? '';
    for (const part of ['meta.json', 'state.bin'] as const) {
      if (!listed.includes(`${this.sums.get(part)}  ${part}\n`)) {
        throw invalid(`the snapshot’s ${part} does not match its checksum`);
      }
    }
    const meta = decodeMeta(Buffer.from(this.text.get('meta.json') ?? '', 'latin1').toString('utf8'));
    return { meta: { ...meta, counts: countsOf(this.rows) }, rows: this.rows };
  }
}

async function* gunzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  let size = 0;
  const feeding = pipeline(Readable.from(bytes), gunzip);
  feeding.catch(() => {});
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limits.snapshotBytes) throw invalid(`the snapshot unpacks to more than ${limits.snapshotBytes} bytes`);
      yield piece;
    }
    await feeding;
  } catch (error) {
    throw unpackingError(error);
  } finally {
    gunzip.destroy();
  }
}

/** In the words of Go's gzip, which clients know. What the sender did wrong stays what it is. */
function unpackingError(error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!code.startsWith('Z_')) return error;
  const reason =
    code === 'Z_BUF_ERROR' ? 'unexpected EOF' : message.includes('header') ? 'gzip: invalid header' : message;
  return invalid(`failed to decompress snapshot: ${reason}`);
}
