import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.js';
import { WireError } from '../wire/bytes.js';
import { flagsOf, frameHead, FrameReader } from './frames.js';

const MOST = 1_000_000;
const hashOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const anyFrame = fc.record({
  isSealed: fc.boolean(),
  isCompressed: fc.boolean(),
  body: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat(70_000).map((size) => new Uint8Array(size).fill(size % 251)),
  ),
});

test('frames come out as they went in, wherever the stream was cut', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.nat(), (frames, seed) => {
      const stream = Buffer.concat(
        frames.flatMap((frame) => [frameHead(flagsOf(frame), frame.body.length), frame.body]),
      );
      const random = seededRandom(seed);
      const reader = new FrameReader();
      const read: unknown[] = [];
      for (let at = 0; at < stream.length;) {
        const size = 1 + Math.floor(random.next() * (random.next() < 0.5 ? 10 : 50_000));
        reader.push(stream.subarray(at, at + size));
        at += size;
        for (let frame = reader.next(MOST); frame; frame = reader.next(MOST)) {
          read.push({ ...frame, body: hashOf(frame.body) });
        }
      }
      expect(read).toEqual(frames.map((frame) => ({ ...frame, body: hashOf(frame.body) })));
      expect(reader.held).toBe(0);
    }),
  );
});

test('a frame that is too long is refused by its head', () => {
  const reader = new FrameReader();
  reader.push(frameHead(0, 101));
  expect(() => reader.next(100)).toThrow(WireError);
});

test('a head without end is refused', () => {
  const reader = new FrameReader();
  reader.push(Buffer.alloc(10, 0xff));
  expect(() => reader.next(MOST)).toThrow(WireError);
});

test('memory is taken for what arrives, not for what is announced', () => {
  const reader = new FrameReader();
  reader.push(frameHead(0, MOST));
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1_000 }, () => {
    const one = new FrameReader();
    one.push(frameHead(0, MOST));
    one.push(Uint8Array.of(1, 2, 3));
    expect(one.next(MOST)).toBeUndefined();
    return one;
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MOST);
  expect(readers.every(({ held }) => held === 7)).toBe(true);
});
