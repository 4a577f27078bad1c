import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../runtime/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { sampleRows } from '../../testing/sample-rows.js';
import { readSnapshotArchive, SnapshotSchedule } from './index.js';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'datapunk-snapshots-'));
});
afterEach(() => rm(parent, { recursive: true }));

function schedule(clock: FakeClock, options: { fail?: () => boolean; onError?: () => void } = {}) {
  let index = 0;
  return new SnapshotSchedule({
    directory: join(parent, 'a', 'b'),
    intervalMs: 1000,
    retain: 3,
    clock,
    logger: { ...silentLogger, error: options.onError ?? (() => {}) },
    source: () => {
      if (options.fail?.()) throw new Error('no state');
      return { index: ++index, rows: sampleRows, datacenter: 'dc1', node: 'n' };
    },
  });
}

describe('scheduled snapshots', () => {
  test('are taken at every interval, and the newest are kept', async () => {
    const clock = new FakeClock();
    const snapshots = schedule(clock);
    const directory = join(parent, 'a', 'b');
    snapshots.start();
    await clock.advance(999);
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
    for (let n = 1; n <= 5; n++) {
      await clock.advance(1000);
      await vi.waitFor(async () => expect((await readdir(directory)).join()).toMatch(new RegExp(`-0*${n}\\.tgz$`)));
      await vi.waitFor(() => expect(clock.pending).toBe(1));
    }
    const kept = (await readdir(directory)).toSorted();
    expect(kept.map((name) => Number(name.slice(-20, -4)))).toEqual([3, 4, 5]);
    const newest = await readSnapshotArchive(createReadStream(join(directory, kept[2] as string)));
    expect(newest.rows).toEqual(sampleRows);
    await snapshots.close();
    expect(clock.pending).toBe(0);
  });

  test('leave files of others alone and clear their own drafts', async () => {
    const clock = new FakeClock();
    const snapshots = schedule(clock);
    await snapshots.take();
    const directory = join(parent, 'a', 'b');
    await writeFile(join(directory, 'mine.tgz'), 'x');
    await writeFile(join(directory, 'snapshot-20200101T000000000Z-0000000000000001.tgz.partial'), 'half');
    for (let n = 0; n < 4; n++) {
      await clock.advance(10);
      await snapshots.take();
    }
    const names = await readdir(directory);
    expect(names).toContain('mine.tgz');
    expect(names).toHaveLength(4);
  });

  test('tell of a failure and go on', async () => {
    const clock = new FakeClock();
    const onError = vi.fn();
    let failing = true;
    const snapshots = schedule(clock, { fail: () => failing, onError });
    snapshots.start();
    await clock.advance(1000);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
    failing = false;
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await clock.advance(1000);
    await vi.waitFor(async () => expect(await readdir(join(parent, 'a', 'b'))).toHaveLength(1));
    await snapshots.close();
  });

  test('that cannot be written leave nothing half-done', async () => {
    await writeFile(join(parent, 'a'), 'a file where a directory should be');
    await expect(schedule(new FakeClock()).take()).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|ENOTDIR|EEXIST/),
    });
  });
});
