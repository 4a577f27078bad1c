/**
 * Damage to files of a real data directory: what opens is whole, everything else is CORRUPT. Nothing in between.
 */
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isDiscoveryError, put, remove } from '../../model/index.js';
import type { Change, ServiceDiscoveryError, Store } from '../../model/index.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { kv } from '../../testing/store-suite.js';
import { copyOf, stateOf, temporaryDirectory } from '../../testing/store-tools.js';
import { encodeRow } from '../codec/index.js';
import { damageInLog, damageInTable } from './level-files.js';
import { openEmbeddedStore } from './index.js';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
const below = (bound: number): number => Math.floor(random.next() * bound);

let parent: string;
let cleanUp: () => Promise<void>;
let base: string;
let whole: string;

beforeAll(async () => {
  ({ path: parent, remove: cleanUp } = await temporaryDirectory());
  base = join(parent, 'base');
  // Two lives: the first is a table by now, the second is in the log. (More would have LevelDB compact meanwhile.)
  for (let life = 0; life < 2; life++) {
    const store = await openEmbeddedStore({ dataDir: join(parent, 'live') });
    for (let n = 0; n < 150; n++) await store.commit(someChanges(life * 100 + n));
    // As the death of the process would leave it.
    if (life === 1) await copyOf(join(parent, 'live'), base);
    await store.close();
  }
  whole = await contents(await copy(base));
});
afterAll(() => cleanUp());

function someChanges(n: number): Change[] {
  const value = Buffer.from(`value ${n}`.repeat(20)).toString('base64');
  const changes: Change[] = [put(kv(`key-${n}`, value)), put(kv(`shared-${n % 10}`, value))];
  return n % 7 === 0 ? [...changes, remove('kv', `key-${n - 3}`)] : changes;
}

async function copy(from: string): Promise<string> {
  const to = join(parent, 'work');
  rmSync(to, { recursive: true, force: true });
  await copyOf(from, to);
  return to;
}

async function contents(dataDir: string): Promise<string> {
  const store = await openEmbeddedStore({ dataDir });
  try {
    return await described(store);
  } finally {
    await store.close();
  }
}

async function described(store: Store): Promise<string> {
  const { index, rows } = await stateOf(store);
  return [index, ...[...rows.values()].map((row) => encodeRow(row)).toSorted()].join('\n');
}

/** 'whole', or the error; anything else fails the test. */
async function outcome(dataDir: string, what: string): Promise<'whole' | ServiceDiscoveryError> {
  const found = await contents(dataDir).catch((error: unknown) => error);
  if (found instanceof Error) {
    const clear = isDiscoveryError(found, 'CORRUPT') || isDiscoveryError(found, 'UNSUPPORTED');
    expect(clear, `${what} (seed ${seed}): ${found.message}`).toBe(true);
    return found as ServiceDiscoveryError;
  }
  expect(found === whole, `${what} (seed ${seed}) opened with other contents`).toBe(true);
  return 'whole';
}

function withoutIndex(text: string): string {
  return text.slice(text.indexOf('\n'));
}

function filesOf(dataDir: string): string[] {
  const names = readdirSync(dataDir, { recursive: true }) as string[];
  return names.filter((name) => statSync(join(dataDir, name)).isFile() && statSync(join(dataDir, name)).size > 0);
}

const isData = (name: string): boolean => /^FORMAT$|CURRENT$|MANIFEST-\d+$|\.ldb$|\.log$/.test(name);

describe('a damaged data directory', () => {
  test('with a flipped bit opens whole or not at all', async () => {
    let refused = 0;
    for (const name of filesOf(base)) {
      const bytes = readFileSync(join(base, name));
      for (let n = 0; n < (isData(name) ? 8 : 2); n++) {
        const file = join(await copy(base), name);
        const at = below(bytes.length);
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ (1 << below(8));
        writeFileSync(file, flipped);
        if ((await outcome(join(parent, 'work'), `${name}, byte ${at}`)) !== 'whole') refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  test('with a file cut short opens whole or not at all', async () => {
    for (const name of filesOf(base)) {
      const { size } = statSync(join(base, name));
      for (let n = 0; n < (isData(name) ? 4 : 1); n++) {
        const to = below(size);
        truncateSync(join(await copy(base), name), to);
        const result = await outcome(join(parent, 'work'), `${name} cut to ${to}`);
        if (isData(name)) expect(result, `${name} cut to ${to} (seed ${seed})`).not.toBe('whole');
      }
    }
  });

  test('with a stretch of garbage or zeros opens whole or not at all', async () => {
    for (const name of filesOf(base).filter(isData)) {
      const bytes = readFileSync(join(base, name));
      for (let n = 0; n < 4; n++) {
        const work = await copy(base);
        const from = below(bytes.length);
        const spoilt = Buffer.from(bytes);
        for (let at = from; at < Math.min(from + 700, bytes.length); at++) spoilt[at] = n % 2 === 0 ? 0 : below(256);
        writeFileSync(join(work, name), spoilt);
        await outcome(work, `${name} spoilt from ${from}`);
      }
    }
  });

  test('without one of its files opens whole or not at all', async () => {
    for (const name of filesOf(base)) {
      rmSync(join(await copy(base), name));
      const result = await outcome(join(parent, 'work'), `without ${name}`);
      expect(result === 'whole', `without ${name}`).toBe(!isData(name) && name !== 'acknowledged');
    }
  });

  test('without its store is refused, never begun anew', async () => {
    rmSync(join(await copy(base), 'store'), { recursive: true });
    expect(await outcome(join(parent, 'work'), 'without store/')).toMatchObject({ code: 'CORRUPT' });
  });

  test('is refused by an error that names the file and the way out, on every start', async () => {
    const work = await copy(base);
    const log = join(work, 'store', readdirSync(join(work, 'store')).find((name) => name.endsWith('.log')) as string);
    const bytes = readFileSync(log);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
    writeFileSync(log, bytes);
    for (let start = 0; start < 3; start++) {
      const error = await outcome(work, 'log');
      const kept = log.replace('/store/', '/evidence/');
      expect(error).toMatchObject({
        message: expect.stringContaining(`${work} is damaged: ${kept}: wrong checksum at byte`),
      });
      expect((error as ServiceDiscoveryError).details.hint).toContain('datapunk snapshot restore');
      expect(readFileSync(kept).equals(bytes)).toBe(true);
    }
  });

  test('names a table whose block is damaged', async () => {
    const work = await copy(base);
    const table = join(work, 'store', readdirSync(join(work, 'store')).find((name) => name.endsWith('.ldb')) as string);
    const bytes = readFileSync(table);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(table, bytes);
    expect(await outcome(work, 'table')).toMatchObject({
      message: expect.stringContaining(`${table}: wrong checksum`),
    });
  });

  test('is refused when it is an older copy of itself, and was acknowledged to be further', async () => {
    const dataDir = join(parent, 'older');
    const store = await openEmbeddedStore({ dataDir });
    await store.commit([put(kv('a'))]);
    await copyOf(join(dataDir, 'store'), join(parent, 'older-store'));
    await store.commit([put(kv('b'))]);
    await store.close();
    rmSync(join(dataDir, 'store'), { recursive: true });
    await copyOf(join(parent, 'older-store'), join(dataDir, 'store'));
    await expect(contents(dataDir)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/\.log: the last \d acknowledged batches are missing$/),
    });
  });
});

describe('a torn end', () => {
  /** Every state of the disk between two syncs: the log as it was, plus any part of the next batch, or junk after it. */
  test('of a batch that was not acknowledged is no damage', async () => {
    const dataDir = join(parent, 'torn');
    const before = join(parent, 'before');
    const store = await openEmbeddedStore({ dataDir });
    for (let n = 0; n < 20; n++) await store.commit(someChanges(n));
    await copyOf(dataDir, before);
    const old = await described(store);
    await store.commit(someChanges(20));
    const fresh = await described(store);
    const log = join('store', readdirSync(join(before, 'store')).find((name) => name.endsWith('.log')) as string);
    const longer = readFileSync(join(dataDir, log));
    await store.close();

    const shorter = statSync(join(before, log)).size;
    expect(longer.length).toBeGreaterThan(shorter + 100);
    for (let end = shorter; end <= longer.length; end += end + 29 > longer.length ? 5 : 29) {
      const work = await copy(before);
      const junk = Buffer.from(longer.subarray(0, end));
      // Unsynced sectors may hold anything.
      if (end % 2 === 0) for (let at = Math.max(shorter, end - 40); at < end; at++) junk[at] = below(256);
      writeFileSync(join(work, log), junk);
      const found = withoutIndex(await contents(work));
      expect([withoutIndex(old), withoutIndex(fresh)], `cut at ${end} (seed ${seed})`).toContain(found);
    }
  });
});

describe('the check of LevelDB’s files', () => {
  test('finds nothing wrong with sound ones, and any flipped bit', () => {
    const names = filesOf(join(base, 'store')).filter((name) => /\.log$|\.ldb$|MANIFEST/.test(name));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const check = name.endsWith('.ldb') ? damageInTable : damageInLog;
      const bytes = readFileSync(join(base, 'store', name));
      expect(check(bytes), name).toBeUndefined();
      const dataBytes = name.endsWith('.ldb') ? bytes.length - 48 : bytes.length;
      for (let n = 0; n < 20; n++) {
        const at = below(dataBytes);
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ (1 << below(8));
        // A longer last record looks like a torn end.
        const isLength = name.endsWith('.ldb')
          ? false
          : check(flipped) === undefined && damageInLog(bytes) === undefined;
        if (!isLength) expect(check(flipped), `${name}, byte ${at} (seed ${seed})`).toBeLessThanOrEqual(at);
      }
    }
  });
});
