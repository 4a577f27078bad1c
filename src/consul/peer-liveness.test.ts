import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { PeerLiveness } from './peer-liveness.js';

const A = 'http://127.0.0.1:8500';

describe('a peer with standing reads', () => {
  let clock: FakeClock;
  let answers: boolean;
  let probes: string[];
  let liveness: PeerLiveness;

  beforeEach(() => {
    clock = new FakeClock();
    answers = true;
    probes = [];
    liveness = new PeerLiveness((address, signal) => {
      probes.push(`${clock.now()} ${address}`);
      if (answers) return Promise.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    }, clock);
  });

  test('that answers is probed every 3 s, once however many reads there are', async () => {
    const fail = vi.fn();
    const reads = Array.from({ length: 50 }, () => liveness.standing(A, fail));
    await clock.advance(10_000);
    expect(probes).toEqual([`3000 ${A}`, `6000 ${A}`, `9000 ${A}`]);
    for (const read of reads) read.ended();
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(probes).toHaveLength(3);
    expect(fail).not.toHaveBeenCalled();
  });

  test('that sends something is not probed', async () => {
    const read = liveness.standing(A, vi.fn());
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000);
      liveness.heard(A);
    }
    expect(probes).toEqual([]);
    read.ended();
  });

  test('that stops answering is noticed no later for reads that begin meanwhile', async () => {
    const fail = vi.fn();
    liveness.standing(A, fail);
    answers = false;
    for (let second = 0; second < 10; second++) {
      await clock.advance(1_000);
      if (second < 9) liveness.standing(A, vi.fn());
    }
    expect(fail).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  test('that stops answering fails all of them within 10 s, and nothing is left', async () => {
    const fails = [vi.fn(), vi.fn()];
    for (const fail of fails) liveness.standing(A, fail);
    const other = vi.fn();
    const elsewhere = liveness.standing('http://127.0.0.2:8500', other);
    answers = false;
    elsewhere.ended();
    await clock.advance(10_000);
    for (const fail of fails) {
      expect(fail).toHaveBeenCalledOnce();
      expect(fail.mock.calls[0]?.[0]).toMatchObject({ code: 'UNAVAILABLE', details: { address: A } });
    }
    expect(probes).toEqual([`3000 ${A}`, `6500 ${A}`]);
    expect(other).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  test('that missed one probe and answers the next is kept', async () => {
    const fail = vi.fn();
    const read = liveness.standing(A, fail);
    answers = false;
    await clock.advance(6_100);
    answers = true;
    await clock.advance(600_000);
    expect(fail).not.toHaveBeenCalled();
    read.ended();
    expect(clock.pending).toBe(0);
  });

  test('two misses with a sign of life between them are not two in a row', async () => {
    const fail = vi.fn();
    const read = liveness.standing(A, fail);
    answers = false;
    await clock.advance(6_100);
    liveness.heard(A);
    await clock.advance(6_000);
    expect(fail).not.toHaveBeenCalled();
    read.ended();
  });

  test('that refuses connections is given half a second before it is given up', async () => {
    const refusing = new PeerLiveness(() => Promise.reject(new Error('ECONNREFUSED')), clock);
    const fail = vi.fn();
    refusing.standing(A, fail);
    await clock.advance(3_400);
    expect(fail).not.toHaveBeenCalled();
    await clock.advance(200);
    expect(fail.mock.calls[0]?.[0]).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') as string });
  });

  test('a read that ends during a probe ends the probe', async () => {
    answers = false;
    const read = liveness.standing(A, vi.fn());
    await clock.advance(4_000);
    read.ended();
    read.ended();
    expect(clock.pending).toBe(0);
  });
});
