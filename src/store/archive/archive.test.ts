import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { packTar, unpackTar } from 'modern-tar';
import { describe, expect, test } from 'vitest';
import { isDiscoveryError } from '../../model/index.js';
import type { Row } from '../../model/index.js';
import { sampleRows } from '../../testing/sample-rows.js';
import { inspectSnapshot, readSnapshotArchive, writeSnapshotArchive } from './index.js';

const rows: readonly Row[] = sampleRows.map((row, at) => ({ ...row, createIndex: at + 1, modifyIndex: at + 2 }));
const about = { index: 77, createdAt: Date.UTC(2024, 4, 1), datacenter: 'dc1', node: 'Node-1' };

async function archive(of: readonly Row[] = rows): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeSnapshotArchive({ ...about, rows: of })) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* stream(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function refusal(bytes: Buffer): Promise<string> {
  const error = await readSnapshotArchive(stream(bytes)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return 'accepted';
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  return (error as Error).message;
}

type Files = Record<string, string>;
async function files(): Promise<Files> {
  const entries = await unpackTar(gunzipSync(await archive()));
  return Object.fromEntries(entries.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString('utf8')]));
}

async function packed(contents: Files, sums = true): Promise<Buffer> {
  const listed = Object.entries(contents).filter(([name]) => name !== 'SHA256SUMS');
  const text = listed.map(([name, body]) => `${createHash('sha256').update(body).digest('hex')}  ${name}\n`).join('');
  const all = sums ? { ...contents, SHA256SUMS: text } : contents;
  const entries = Object.entries(all).map(([name, body]) => ({
    header: { name, size: Buffer.byteLength(body), type: 'file' as const },
    body,
  }));
  return gzipSync(await packTar(entries));
}

function state(lines: readonly string[]): string {
  return ['{"format":"datapunk-discovery-state","version":1}', ...lines, ''].join('\n');
}

describe('a snapshot archive', () => {
  test('brings every row back as it was', async () => {
    const { meta, rows: read } = await readSnapshotArchive(stream(await archive()));
    expect(read).toEqual(rows);
    expect(meta).toMatchObject(about);
    expect(meta.counts).toEqual(Object.fromEntries(rows.map(({ kind }) => [kind, 1])));
  });

  test('of nothing is one too', async () => {
    expect((await readSnapshotArchive(stream(await archive([])))).rows).toEqual([]);
  });

  test('of many rows is read in whatever pieces it arrives', async () => {
    const many = Array.from({ length: 5000 }, (_, n): Row => ({
      ...(rows[5] as Row & { kind: 'kv' }),
      key: `ключ-${n}`,
    }));
    const bytes = await archive(many);
    expect((await readSnapshotArchive(stream(bytes, 777))).rows).toEqual(many);
    expect((await inspectSnapshot(stream(bytes, 1_000_000))).counts).toEqual({ kv: 5000 });
  });

  test('holds what Consul’s holds, with checksums a shell can verify', async () => {
    const contents = await files();
    expect(Object.keys(contents)).toEqual(['meta.json', 'state.bin', 'SHA256SUMS']);
    const sums = ['meta.json', 'state.bin'].map(
      (name) =>
        `${createHash('sha256')
          .update(contents[name] as string)
          .digest('hex')}  ${name}\n`,
    );
    expect(contents['SHA256SUMS']).toBe(sums.join(''));
    expect(JSON.parse(contents['meta.json'] as string)).toMatchObject({ Version: 1, Index: 77, Datacenter: 'dc1' });
  });

  test('that is no gzip is refused in the words clients know', async () => {
    expect(await refusal(Buffer.from('definitely not a snapshot'))).toBe(
      'failed to decompress snapshot: gzip: invalid header',
    );
    expect(await refusal(Buffer.alloc(0))).toBe('failed to decompress snapshot: unexpected EOF');
  });

  test('is refused when it is cut off anywhere', async () => {
    const bytes = await archive();
    for (let length = 0; length < bytes.length; length += 41) {
      expect(await refusal(bytes.subarray(0, length)), `${length} bytes`).not.toBe('accepted');
    }
  });

  test('is refused when any bit of its contents is wrong', async () => {
    const contents = await files();
    for (const name of Object.keys(contents)) {
      const body = contents[name] as string;
      for (let at = 0; at < body.length; at += 97) {
        const flipped = String.fromCharCode(body.charCodeAt(at) ^ 1);
        const damaged = { ...contents, [name]: body.slice(0, at) + flipped + body.slice(at + 1) };
        expect(await refusal(await packed(damaged, false)), `${name} at ${at}`).not.toBe('accepted');
      }
    }
  });

  test('flipped bits in the file give an error or the same rows, never others', async () => {
    const bytes = await archive();
    for (let at = 0; at < bytes.length; at += 3) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] as number) ^ (1 << (at % 8));
      const read = await readSnapshotArchive(stream(copy)).catch((error: unknown) => error);
      if (read instanceof Error) expect(isDiscoveryError(read, 'INVALID_ARGUMENT'), `byte ${at}: ${read}`).toBe(true);
      else expect((read as { rows: unknown }).rows).toEqual(rows);
    }
  });

  test.each([
    ['a part is missing', ({ 'meta.json': meta = '' }: Files) => ({ 'meta.json': meta }), /has no state.bin/],
    [
      'something else is in it',
      (all: Files) => ({ ...all, '../../etc/passwd': 'x' }),
      /"..\/..\/etc\/passwd", which it must not/,
    ],
    [
      'its state is another program’s',
      (all: Files) => ({ ...all, 'state.bin': 'raft' }),
      /unknown format|ends in the middle/,
    ],
    [
      'its state is newer',
      (all: Files) => ({ ...all, 'state.bin': state([]).replace(':1}', ':2}') }),
      /state version 2; this agent reads version 1/,
    ],
    [
      'a row is no row',
      (all: Files) => ({ ...all, 'state.bin': state(['["service",1,2]']) }),
      /line 2 of the snapshot’s state.bin is no row/,
    ],
    [
      'a row is of no known kind',
      (all: Files) => ({ ...all, 'state.bin': state(['["__proto__",1,2]']) }),
      /no row of a known kind/,
    ],
    [
      'a field has a wrong type',
      (all: Files) => ({ ...all, 'state.bin': state(['["node",1,2,"dc1","o",7,"","10.0.0.1"]']) }),
      /node with a wrong node/,
    ],
    [
      'an index is no index',
      (all: Files) => ({ ...all, 'state.bin': state(['["kv",1,-2,"k",""]']) }),
      /kv with a wrong modifyIndex/,
    ],
    [
      'a list holds something else',
      (all: Files) => ({ ...all, 'state.bin': state(['["local-service",1,2,"web",["web",80,[1]]]']) }),
      /local-service with a wrong tags/,
    ],
    [
      'its meta is not ours',
      (all: Files) => ({ ...all, 'meta.json': '{"Index":"x"}' }),
      /meta.json is not of this agent/,
    ],
  ])('is refused when %s, though the checksums are right', async (_what, change, text) => {
    expect(await refusal(await packed(change(await files())))).toMatch(text);
  });
});
