import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import type { CacheEntry } from '../../model/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { createLoadingCache } from '../loading/index.js';
import { createMemoryCache } from '../memory/index.js';
import { openLastKnownGood } from './index.js';
import type { LastKnownGood, LastKnownGoodEvent, LastKnownGoodOptions } from './index.js';

const KEY = Buffer.alloc(32, 5);
let folder: string;
let clock: FakeClock;
let events: LastKnownGoodEvent[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'last-known-'));
  clock = new FakeClock();
  events = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name = 'values'): string => join(folder, name);

function openFile<V = string>(options: Partial<LastKnownGoodOptions> = {}): Promise<LastKnownGood<V>> {
  return openLastKnownGood<V>({ path: at(), clock, onEvent: (event) => events.push(event), ...options });
}

function entryOf<V>(value: V, fields: Partial<CacheEntry<V>> = {}): CacheEntry<V> {
  const now = clock.wall();
  const times = { storedAt: now, freshUntil: now + 30_000, staleUntil: now + 3_600_000, loadMs: 2.5 };
  return { value, index: 3, indexSpace: 's', negative: false, ...times, ...fields };
}

async function written(values: Readonly<Record<string, string>>, options: Partial<LastKnownGoodOptions> = {}) {
  const file = await openFile(options);
  for (const [key, value] of Object.entries(values)) file.put(key, entryOf(value));
  await file.close();
}

/** Lets a write under way come to its end: it is on a real disk. */
async function untilWritten(look: () => boolean): Promise<void> {
  for (let n = 0; n < 5_000 && !look(); n += 1) await delay(1);
  expect(look()).toBe(true);
}

describe('the last-known-good file', () => {
  test('what one run learnt the next one knows, every field', async () => {
    const value = { endpoints: [{ address: '10.0.0.1', seen: new Date(5) }], bytes: new Uint8Array([1, 2]) };
    const entry = entryOf(value, { index: 2 ** 40, indexSpace: 'räume \u0000' });
    const file = await openFile<typeof value>();
    file.put('a', entry);
    file.put('gone', entry);
    file.delete('gone');
    await file.close();
    const next = await openFile<typeof value>();
    expect(next.get('a')).toEqual(entry);
    expect(next.size).toBe(1);
    expect(events).toEqual([{ type: 'loaded', path: at(), entries: 1 }]);
  });

  test('missing folders are made, for the owner alone; nothing else is left there', async () => {
    const path = at('a/b/values');
    await written({ a: 'x' }, { path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['values']);
  });

  test('nothing is written before there is something to write', async () => {
    await (await openFile()).close();
    expect(existsSync(at())).toBe(false);
  });

  test('many changes are one write, and writes keep their distance', async () => {
    const file = await openFile({ writeMs: 5_000 });
    for (let n = 0; n < 100; n += 1) file.put(`k${n}`, entryOf('x'));
    await settle();
    expect(existsSync(at())).toBe(false);
    await clock.advance(100);
    await untilWritten(() => existsSync(at()));
    await file.flush();
    const first = readFileSync(at());
    for (let n = 0; n < 49; n += 1) {
      file.put('k0', entryOf(`y${n}`));
      await clock.advance(100);
    }
    expect(readFileSync(at())).toEqual(first);
    await clock.advance(100);
    await untilWritten(() => !readFileSync(at()).equals(first));
    expect((await openFile()).get('k0')?.value).toBe('y48');
    await file.close();
  });

  test('values past their time are not served, nor written, nor read', async () => {
    const file = await openFile();
    file.put('a', entryOf('x', { staleUntil: clock.wall() + 1_000 }));
    file.put('b', entryOf('y'));
    await file.flush();
    await clock.advance(1_000);
    expect(file.get('a')).toBeUndefined();
    const next = await openFile();
    expect(next.size).toBe(1);
    await file.close();
  });

  test('values from the future are not believed: their age would be a lie', async () => {
    await written({ a: 'x' });
    clock.jumpWall(-86_400_000);
    expect((await openFile()).get('a')).toBeUndefined();
  });

  test('is bounded: what was learnt longest ago is left out', async () => {
    const file = await openFile({ maxBytes: 4_000 });
    for (let n = 0; n < 50; n += 1) file.put(`k${n}`, entryOf('x'.repeat(200)));
    file.put('k0', entryOf('again'));
    await file.close();
    expect(statSync(at()).size).toBeLessThan(4_200);
    const next = await openFile();
    expect(next.get('k0')?.value).toBe('again');
    expect(next.get('k49')).toBeDefined();
    expect(next.get('k1')).toBeUndefined();
  });
});

describe('a file that is not as it was written', () => {
  test('cut at any length it is not used, and is written over', async () => {
    await written({ a: 'some value', b: 'another' });
    const whole = readFileSync(at());
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(at(), whole.subarray(0, length));
      expect((await openFile()).size).toBe(0);
    }
    expect(new Set(events.map((event) => event.type === 'ignored' && event.why))).toEqual(new Set(['damaged']));
    await written({ c: 'new' });
    expect((await openFile()).get('c')?.value).toBe('new');
  });

  test('any byte of it changed, it is not used', async () => {
    await written({ a: 'some value' });
    const whole = readFileSync(at());
    for (let place = 0; place < whole.length; place += 1) {
      const changed = Buffer.from(whole);
      changed[place] = (changed[place] ?? 0) ^ 1;
      writeFileSync(at(), changed);
      expect((await openFile()).size, `byte ${place}`).toBe(0);
    }
  });

  test('one that is none of ours is not used, and left as it is', async () => {
    writeFileSync(at(), 'root:x:0:0:root:/root:/bin/bash\n');
    await written({ a: 'x' });
    expect(readFileSync(at(), 'utf8')).toContain('root:x');
    expect(events).toEqual([{ type: 'ignored', path: at(), why: 'foreign' }]);
  });

  test('a folder, or a pipe, in its place is told of, and left as it is', async () => {
    mkdirSync(at('folder'));
    execFileSync('mkfifo', [at('pipe')]);
    for (const name of ['folder', 'pipe']) await written({ a: 'x' }, { path: at(name) });
    expect(events.map((event) => event.type === 'ignored' && event.why)).toEqual(['unreadable', 'unreadable']);
    expect(statSync(at('pipe')).isFIFO()).toBe(true);
  });

  test('one of a later format is not used', async () => {
    await written({ a: 'x' });
    writeFileSync(at(), readFileSync(at(), 'utf8').replace('good 1 ', 'good 2 '));
    expect((await openFile()).size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'ignored', why: 'unknown-format' });
  });

  test('one that is far too large is not read', async () => {
    await written({ a: 'x'.repeat(5_000) });
    expect((await openFile({ maxBytes: 1_024 })).size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'ignored', why: 'too-large' });
  });

  test("what an earlier crash left beside it is in nobody's way", async () => {
    for (let n = 0; n < 200; n += 1) writeFileSync(`${at()}.${process.pid}-${n}.tmp`, 'half');
    await written({ a: 'x' });
    expect((await openFile()).get('a')?.value).toBe('x');
  });
});

describe('a sealed file', () => {
  test('shows nothing of its values, and opens with its key', async () => {
    await written({ a: 'a secret' }, { keys: [KEY] });
    expect(readFileSync(at(), 'latin1')).not.toContain('secret');
    expect((await openFile({ keys: [Buffer.alloc(32), KEY] })).get('a')?.value).toBe('a secret');
  });

  test.each<[string, Buffer | undefined, Buffer | undefined, string]>([
    ['another key', KEY, Buffer.alloc(32), 'unknown-key'],
    ['no key', KEY, undefined, 'sealed'],
    ['a key, and it is not sealed', undefined, KEY, 'not-sealed'],
  ])('read with %s it is not used', async (_, sealedWith, readWith, why) => {
    await written({ a: 'x' }, { keys: sealedWith && [sealedWith] });
    expect((await openFile({ keys: readWith && [readWith] })).size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'ignored', why });
  });
});

describe('a place that cannot be written', () => {
  test('is told of once, tried again, and told of when it can', async () => {
    writeFileSync(at('in-the-way'), '');
    const path = at('in-the-way/values');
    const file = await openFile({ path, writeMs: 1_000 });
    file.put('a', entryOf('x'));
    for (let n = 0; n < 5; n += 1) {
      await clock.advance(1_000);
      await file.flush();
    }
    expect(events).toMatchObject([{ type: 'write-failed', path }]);
    expect(file.get('a')?.value).toBe('x');
    rmSync(at('in-the-way'));
    await clock.advance(1_000);
    await untilWritten(() => existsSync(path));
    await file.close();
    expect(events.map(({ type }) => type)).toEqual(['write-failed', 'write-recovered']);
  });

  test('is no reason not to read it', async () => {
    await written({ a: 'x' });
    chmodSync(folder, 0o500);
    try {
      expect((await openFile()).get('a')?.value).toBe('x');
    } finally {
      chmodSync(folder, 0o700);
    }
  });
});

test('a start without a source answers what the last run knew, with its true age', async () => {
  const open = async () =>
    createLoadingCache<string>({
      name: 'things',
      cache: createMemoryCache({ clock }),
      clock,
      lastKnownGood: await openFile(),
    });
  const file = await openFile();
  const run = createLoadingCache<string>({
    name: 'things',
    cache: createMemoryCache({ clock }),
    clock,
    lastKnownGood: file,
  });
  await run.get('a', async () => ({ value: 'known', index: 4, indexSpace: 's' }));
  await run.close();
  await file.close();
  await clock.advance(3_600_000);
  const down = new ServiceDiscoveryError('UNAVAILABLE', 'nobody there');
  const hit = await (await open()).get('a', () => Promise.reject(down));
  expect(hit).toMatchObject({ value: 'known', stale: true, ageMs: 3_600_000, error: down });
});

test.each([{ path: '' }, { path: 'a\0b' }, { path: 7 as never }, { writeMs: -1 }, { maxBytes: 10 }])(
  '%j is refused',
  async (options) => {
    await expect(openFile(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  },
);
