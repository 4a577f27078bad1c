import { deflateRawSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import { noise } from '../../testing/damaged-bytes.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { WireError } from '../wire/bytes.js';
import { Deflater, Inflater } from './compression.js';

const text = (n: number): Uint8Array =>
  Buffer.from(`instance api-${n} of service-${n % 7} at 10.0.0.${n % 250} is passing`);

function pass(deflater: Deflater, inflater: Inflater, message: Uint8Array): { back: Uint8Array; sent: number } {
  const deflated = deflater.deflate(message);
  const back = deflated ? inflater.inflate(deflated) : inflater.plain(message);
  return { back, sent: (deflated ?? message).length };
}

test.each(['auto', 'on', 'off'] as const)('every message comes out as it went in: %s', (mode) => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.nat(1_000).map(text),
    fc.nat(20_000).map((size) => new Uint8Array(size)),
    fc.nat(20_000).map((seed) => noise(seed, seededRandom(seed))),
  );
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 30 }), (messages) => {
      const [deflater, inflater] = [new Deflater(mode), new Inflater()];
      for (const message of messages) expect(Buffer.compare(pass(deflater, inflater, message).back, message)).toBe(0);
    }),
  );
});

test('a message like those before it is sent as little more than what is new', () => {
  const [deflater, inflater] = [new Deflater('auto'), new Inflater()];
  for (let n = 0; n < 20; n++) pass(deflater, inflater, text(n));
  expect(pass(deflater, inflater, text(20)).sent).toBeLessThan(20);
});

test('a heartbeat goes as it is', () => {
  expect(new Deflater('on').deflate(new Uint8Array(20))).toBeUndefined();
});

describe('when it does not pay', () => {
  test('it is switched off, and tried again later', () => {
    const [deflater, inflater] = [new Deflater('auto'), new Inflater()];
    for (let n = 0; n < 40; n++) pass(deflater, inflater, randomBytes(200));
    expect(deflater.isOn).toBe(false);
    for (let n = 0; n < 400; n++) expect(Buffer.from(pass(deflater, inflater, text(n)).back)).toEqual(text(n));
    expect(deflater.isOn).toBe(true);
    expect(pass(deflater, inflater, text(400)).sent).toBeLessThan(20);
  });

  test('it stays on where that is asked for, and never makes a message longer', () => {
    const deflater = new Deflater('on');
    for (let n = 0; n < 100; n++) expect(deflater.deflate(randomBytes(200))).toBeUndefined();
    expect(deflater.isOn).toBe(true);
  });

  test('it stays off where that is asked for', () => {
    const deflater = new Deflater('off');
    expect(deflater.deflate(new Uint8Array(1_000))).toBeUndefined();
    expect(deflater.isOn).toBe(false);
  });
});

describe('what is not deflated against this history is refused', () => {
  test('a bomb', () => {
    const bomb = deflateRawSync(new Uint8Array(20 * limits.peerFrameBytes));
    expect(bomb.length).toBeLessThan(limits.peerFrameBytes);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => new Inflater().inflate(bomb)).toThrow(WireError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * limits.peerFrameBytes);
  });

  test('what was cut off', () => {
    const whole = deflateRawSync(text(1));
    expect(() => new Inflater().inflate(whole.subarray(0, -1))).toThrow(WireError);
    expect(() => new Inflater().inflate(new Uint8Array())).toThrow(WireError);
  });

  test('what refers to more than there was', () => {
    const far = deflateRawSync(text(1), { dictionary: Buffer.concat([text(1), randomBytes(4_000)]) });
    expect(() => new Inflater().inflate(far)).toThrow(WireError);
  });
});
