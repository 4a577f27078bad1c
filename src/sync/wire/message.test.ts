import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits, refOf } from '../../model/index.js';
import type { Row, RowKind } from '../../model/index.js';
import { anyMessage, anyMessageOf, messageTypes } from '../../testing/arbitrary-messages.js';
import { sampleRows } from '../../testing/sample-rows.js';
import { damaged } from '../../testing/damaged-bytes.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { DeltaMessage, Message, SyncRecord } from '../messages.js';
import { ByteWriter, WireError } from './bytes.js';
import { decodeMessage, encodeMessage } from './message.js';

const ORIGIN = '7c7a39f4-5d5c-4f46-9a7e-4f0c2b1f1a01';
const beat: Message = { type: 'beat', inc: 1, beat: 2, health: 0, sentMs: 3, echoMs: 4 };

function deltaOf(rows: readonly Row[], stream: string = ORIGIN): DeltaMessage {
  const records = rows.map((row, at): SyncRecord => ({ ref: refOf(row), ver: at + 1, hlc: 0, row }));
  const to = records.length;
  return { type: 'delta', stream, inc: 5, prev: 0, to, end: to, gc: 0, index: 0, records };
}

function rowsOf(...kinds: readonly RowKind[]): Row[] {
  return sampleRows.filter((row) => kinds.includes(row.kind));
}

function forged(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter();
  write(out);
  return out.finish();
}

function again(message: Message): Message {
  return decodeMessage(encodeMessage(message));
}

function call(args: unknown): Message {
  return { type: 'call', id: 1, method: 'x', args };
}

/** What a damaged or random message is read as; anything else than a message or a WireError is thrown on. */
function attempt(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

describe('what is written is read again', () => {
  test.each(messageTypes)('%s', (type) => {
    fc.assert(
      fc.property(anyMessageOf(type), (message) => {
        expect(again(message)).toEqual(message);
      }),
      { numRuns: type === 'delta' ? 500 : 100 },
    );
  });

  test('every field of every row', () => {
    const catalog = deltaOf(rowsOf('node', 'service', 'check'));
    const state = deltaOf(rowsOf('kv', 'session', 'query', 'event', 'config'), `${ORIGIN}/state`);
    expect([catalog.records.length, state.records.length]).toEqual([3, 5]);
    for (const message of [catalog, state]) expect(again(message)).toEqual(message);
  });

  test('a key called __proto__ is data', () => {
    const args = JSON.parse('{"__proto__":{"polluted":true},"a":[{"__proto__":1}]}') as object;
    const read = again(call(args)) as Message & { type: 'call' };
    expect(JSON.stringify(read.args)).toBe(JSON.stringify(args));
    expect((read.args as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(read.args)).toBe(Object.prototype);
  });

  test('arguments that JSON cannot say', () => {
    const args = {
      none: undefined,
      big: 2n ** 64n - 1n,
      bytes: Uint8Array.of(1, 2),
      list: [undefined, null],
      zero: -0,
    };
    expect(again(call(args))).toEqual(call(args));
  });

  test('as large a body as the HTTP API takes', () => {
    const list = JSON.parse(`[${'1,'.repeat(limits.requestBodyBytes / 2 - 1)}1]`) as number[];
    expect(again(call(list))).toEqual(call(list));
    const texts = [
      ...Array.from({ length: 40_000 }, () => 'x'.repeat(20)),
      ...Array.from({ length: 50_000 }, () => 1.5),
    ];
    expect(again(call(texts))).toEqual(call(texts));
  });
});

describe('rows as they travel', () => {
  test('indexes of one agent stay with it, those of the home go along', () => {
    const indexed = rowsOf('node', 'kv').map((row): Row => ({ ...row, createIndex: 7, modifyIndex: 9 }));
    const [node, kv] = [again(deltaOf(indexed.slice(0, 1))), again(deltaOf(indexed.slice(1), `${ORIGIN}/state`))];
    expect(node).toMatchObject({ records: [{ row: { createIndex: 0, modifyIndex: 0 } }] });
    expect(kv).toMatchObject({ records: [{ row: { createIndex: 7, modifyIndex: 9 } }] });
  });

  test('what only this agent may know is not sent', () => {
    const local = rowsOf('local-service', 'local-check');
    expect(local.length).toBe(2);
    for (const row of local) expect(() => encodeMessage(deltaOf([row]))).toThrow('cannot be sent');
  });

  test('a row of state in a catalog, and the reverse, is refused', () => {
    for (const delta of [deltaOf(rowsOf('kv')), deltaOf(rowsOf('node'), `${ORIGIN}/state`)]) {
      expect(() => again(delta)).toThrow(WireError);
    }
  });

  test.each([
    ['a node name with a NUL', { node: 'a\0b' }],
    ['a node name that is not Unicode', { node: 'a\ud800' }],
    ['a service name with a NUL', { service: 'a\0b' }],
    ['an id that is not Unicode', { id: '\udfff' }],
    ['an origin with a slash', { origin: `${ORIGIN}/state` }],
  ])('%s is refused', (_, fields) => {
    const [service] = rowsOf('service');
    expect(() => again(deltaOf([{ ...service, ...fields } as Row]))).toThrow(WireError);
  });

  test('only rows of a catalog that are there say when they were registered', () => {
    const [service] = rowsOf('service') as [Row];
    const gone: Message = { ...deltaOf([service]), records: [{ ref: refOf(service), ver: 1, hlc: 0 }] };
    const [recordHead, stamped, otherwiseStamped] = [23, 64, 128];
    for (const message of [deltaOf(rowsOf('kv'), `${ORIGIN}/state`), gone]) {
      const bytes = encodeMessage(message);
      const head = bytes[recordHead] as number;
      for (const stamp of [Buffer.of(head + stamped), Buffer.of(head + otherwiseStamped, 1, 5)]) {
        const forgedBytes = Buffer.concat([bytes.subarray(0, recordHead), stamp, bytes.subarray(recordHead + 1)]);
        expect(() => decodeMessage(forgedBytes)).toThrow(
          `a record that begins with ${head + (stamp.length > 1 ? 128 : 64)}`,
        );
      }
    }
  });

  test('versions only rise, and stay within their delta', () => {
    const message = deltaOf(rowsOf('node', 'service'));
    const [first, second] = message.records as [SyncRecord, SyncRecord];
    const twice = { ...message, records: [first, { ...second, ver: 1 }] };
    const beyond = { ...message, records: [first, { ...second, ver: 3 }] };
    for (const wrong of [twice, beyond]) expect(() => again(wrong)).toThrow();
  });
});

describe('what is no message', () => {
  test('a type of a later version is told apart from junk', () => {
    const later = Uint8Array.of(200, 1, 2, 3);
    expect(() => decodeMessage(later)).toThrow(expect.objectContaining({ kind: 'unknown' }));
    expect(() => decodeMessage(Uint8Array.of())).toThrow(expect.objectContaining({ kind: 'malformed' }));
  });

  test('one that ends early, or goes on', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, at) => {
        const bytes = encodeMessage(message);
        expect(attempt(bytes.subarray(0, at % bytes.length))).toBeUndefined();
        expect(attempt(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
      }),
    );
  });

  test('numbers and lists without end', () => {
    const [digest, calling, beating] = [1, 11, 5];
    const cases = [
      forged((out) => (out.byte(digest), out.count(Number.MAX_SAFE_INTEGER))),
      forged((out) => (out.byte(digest), out.count(limits.peerStreams + 1))),
      Buffer.from([beating, ...Array.from({ length: 20 }, () => 0xff)]),
      Buffer.from([beating, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]),
      // A list in a list in a list…
      Buffer.concat([Buffer.of(calling, 1, 2), Buffer.from('0501'.repeat(100_000), 'hex'), Buffer.of(0)]),
      // A million items of nothing.
      forged(
        (out) => (
          out.byte(calling),
          out.count(1),
          out.text(''),
          out.byte(5),
          out.count(1_000_000),
          out.bytes(new Uint8Array(1_000_000))
        ),
      ),
    ];
    for (const bytes of cases) expect(() => decodeMessage(bytes)).toThrow(WireError);
  });

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void attempt(bytes)),
      { numRuns: 2_000 },
    );
  });

  test('damaged messages are refused, or are another message', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, seed) => {
        const read = attempt(damaged(encodeMessage(message), seededRandom(seed)));
        if (read) expect(again(read)).toEqual(read);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what cannot be sent', () => {
  test.each([
    ['a function', () => 1],
    ['a map', new Map()],
    ['a number that is none', Number.NaN],
  ])('%s', (_, args) => {
    expect(() => encodeMessage(call(args))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('more than a frame holds', () => {
    const args = 'x'.repeat(limits.peerFrameBytes);
    expect(() => encodeMessage(call(args))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  test('what nests without end', () => {
    const args: unknown[] = [];
    args.push(args);
    expect(() => encodeMessage(call(args))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

test('one message to many is written once', () => {
  expect(encodeMessage(beat)).toBe(encodeMessage(beat));
});
