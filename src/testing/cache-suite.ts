import assert from 'node:assert/strict';
import type { Cache, CacheEntry } from '../model/index.js';

/** What the suite keeps: a value as JSON can carry it. */
export interface CachedSample {
  readonly text: string;
  readonly list: readonly number[];
}

/** A cache with nothing in it, made anew for every case. */
export interface CacheSubject {
  /** Another client of the same storage each time, where there can be several; else the only one. */
  open(): Promise<Cache<CachedSample>>;
  /** Whether clients see each other's entries at once. */
  readonly seesOthers: boolean;
  /** Whether entries of several index spaces are kept side by side. */
  readonly keepsSpaces: boolean;
  /** The wall clock of the caches, ms. */
  wall(): number;
  /** Lets that clock move on. */
  advance(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface CacheCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every Cache, ours and others', for any test framework:
 *
 *   for (const { name, run } of cacheSuite(openSubject)) test(name, run);
 */
export function cacheSuite(subject: () => Promise<CacheSubject>): readonly CacheCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => {
      const exam = new Exam(await subject());
      try {
        await examine(exam);
      } finally {
        await exam.end();
      }
    },
  }));
}

type Entry = CacheEntry<CachedSample>;

class Exam {
  private readonly opened: Cache<CachedSample>[] = [];

  constructor(readonly subject: CacheSubject) {}

  async open(): Promise<Cache<CachedSample>> {
    const cache = await this.subject.open();
    this.opened.push(cache);
    return cache;
  }

  entry(fields: Partial<Entry> = {}, text = 'x'): Entry {
    const now = this.subject.wall();
    return {
      value: { text, list: [1, 2.5, -3] },
      index: 7,
      indexSpace: 'space',
      storedAt: now,
      freshUntil: now + 30_000,
      staleUntil: now + 600_000,
      loadMs: 12.5,
      negative: false,
      ...fields,
    };
  }

  async end(): Promise<void> {
    for (const cache of this.opened) await cache.close();
    await this.subject.dispose();
  }
}

async function textOf(cache: Cache<CachedSample>, key: string, indexSpace?: string): Promise<string | undefined> {
  return (await cache.get(key, { indexSpace }))?.value.text;
}

const CASES: Readonly<Record<string, (exam: Exam) => Promise<void>>> = {
  'what is not there is a miss': async (exam) => {
    const cache = await exam.open();
    assert.equal(await cache.get('a'), undefined);
    assert.equal(await cache.get('a', { indexSpace: 'space' }), undefined);
    await cache.delete('a');
    await cache.delete('a', 'space');
  },

  'an entry comes back as it was, every field': async (exam) => {
    const cache = await exam.open();
    const entries = [
      exam.entry(),
      exam.entry({ index: 0, indexSpace: '', negative: true, loadMs: 0 }),
      exam.entry({ index: Number.MAX_SAFE_INTEGER, indexSpace: '{räume} : \u0000 \ud83d\ude80' }, 'ünï\u0000\n'),
      exam.entry({ freshUntil: exam.subject.wall() + 0.25, value: { text: '', list: [] } }),
    ];
    for (const [n, entry] of entries.entries()) {
      assert.equal(await cache.set(`k${n}`, entry), true);
      assert.deepEqual(await cache.get(`k${n}`), entry);
      assert.deepEqual(await cache.get(`k${n}`, { indexSpace: entry.indexSpace }), entry);
    }
  },

  'peek shows what is set at once': async (exam) => {
    const cache = await exam.open();
    if (!cache.peek) return;
    const entry = exam.entry();
    const kept = cache.set('a', entry);
    assert.deepEqual(cache.peek('a'), entry);
    assert.equal(await kept, true);
    await cache.delete('a');
    assert.equal(cache.peek('a'), undefined);
  },

  'keys are told apart, whatever is in them': async (exam) => {
    const cache = await exam.open();
    const keys = [
      '',
      ' ',
      'a',
      'A',
      'a ',
      'a:b',
      'a:',
      '{a}',
      '}',
      '%7Ba%7D',
      'a\u0000',
      'ä',
      '__proto__',
      'x'.repeat(2000),
    ];
    for (const key of keys) await cache.set(key, exam.entry({}, `value of ${key}`));
    for (const key of keys) assert.equal(await textOf(cache, key), `value of ${key}`);
  },

  'an older value of the same space does not replace a newer one': async (exam) => {
    const cache = await exam.open();
    assert.equal(await cache.set('a', exam.entry({ index: 7 }, 'seven')), true);
    assert.equal(await cache.set('a', exam.entry({ index: 6 }, 'six')), false);
    assert.equal(await textOf(cache, 'a'), 'seven');
    assert.equal(await cache.set('a', exam.entry({ index: 10 }, 'ten')), true);
    assert.equal(await cache.set('a', exam.entry({ index: 9 }, 'nine')), false);
    assert.equal(await textOf(cache, 'a'), 'ten');
  },

  'one of equal index replaces: it confirms': async (exam) => {
    const cache = await exam.open();
    await cache.set('a', exam.entry({}, 'first'));
    const later = exam.entry({ freshUntil: exam.subject.wall() + 60_000 }, 'later');
    assert.equal(await cache.set('a', later), true);
    assert.deepEqual(await cache.get('a'), later);
  },

  'of many at once the newest stays': async (exam) => {
    const caches = exam.subject.seesOthers ? [await exam.open(), await exam.open()] : [await exam.open()];
    const indexes = Array.from({ length: 40 }, (_, n) => (n * 17) % 40);
    await Promise.all(
      indexes.map(async (index, n) => caches[n % caches.length]?.set('a', exam.entry({ index }, `value ${index}`))),
    );
    for (const cache of caches) assert.equal((await cache.get('a', { indexSpace: 'space' }))?.index, 39);
  },

  'indexes of different spaces are not compared': async (exam) => {
    const cache = await exam.open();
    await cache.set('a', exam.entry({ index: 900, indexSpace: 'one' }, 'of one'));
    assert.equal(await cache.set('a', exam.entry({ index: 3, indexSpace: 'two' }, 'of two')), true);
    assert.equal(await textOf(cache, 'a'), 'of two');
    assert.equal(await textOf(cache, 'a', 'two'), 'of two');
    assert.equal(await textOf(cache, 'a', 'one'), exam.subject.keepsSpaces ? 'of one' : undefined);
    assert.equal(await textOf(cache, 'a', 'three'), undefined);
  },

  'two clients of two spaces do not disturb each other': async (exam) => {
    if (!exam.subject.keepsSpaces) return;
    const [one, two] = [await exam.open(), await exam.open()];
    await one.set('a', exam.entry({ index: 900, indexSpace: 'one' }, 'of one'));
    await two.set('a', exam.entry({ index: 3, indexSpace: 'two' }, 'of two'));
    assert.equal(await textOf(one, 'a', 'one'), 'of one');
    assert.equal(await textOf(two, 'a', 'one'), 'of one');
    assert.equal(await textOf(one, 'a', 'two'), 'of two');
    await two.delete('a', 'two');
    assert.equal(await textOf(two, 'a', 'two'), undefined);
    assert.equal(await textOf(two, 'a', 'one'), 'of one');
  },

  'what is deleted is gone, and may be older when it comes again': async (exam) => {
    const cache = await exam.open();
    await cache.set('a', exam.entry({ index: 9 }));
    await cache.set('b', exam.entry({}, 'b'));
    await cache.delete('a', 'another space');
    assert.equal((await cache.get('a'))?.index, 9);
    await cache.delete('a');
    assert.equal(await cache.get('a'), undefined);
    assert.equal(await cache.get('a', { indexSpace: 'space' }), undefined);
    assert.equal(await textOf(cache, 'b'), 'b');
    assert.equal(await cache.set('a', exam.entry({ index: 4 }, 'again')), true);
    await cache.delete('a', 'space');
    assert.equal(await cache.get('a'), undefined);
  },

  'past its time it is a miss, and not before': async (exam) => {
    const cache = await exam.open();
    const now = exam.subject.wall();
    await cache.set('a', exam.entry({ freshUntil: now + 10, staleUntil: now + 60_000 }));
    await exam.subject.advance(59_999);
    assert.equal(await textOf(cache, 'a'), 'x');
    await exam.subject.advance(1);
    assert.equal(await cache.get('a'), undefined);
    assert.equal(cache.peek?.('a'), undefined);
  },

  'what is past its time already is not kept': async (exam) => {
    const cache = await exam.open();
    const now = exam.subject.wall();
    assert.equal(await cache.set('a', exam.entry({ freshUntil: now, staleUntil: now })), false);
    assert.equal(await cache.get('a'), undefined);
  },

  'after closing, twice, everything is a miss': async (exam) => {
    const cache = await exam.open();
    await cache.set('a', exam.entry());
    await cache.close();
    await cache.close();
    assert.equal(await cache.get('a'), undefined);
    assert.equal(cache.peek?.('a'), undefined);
    assert.equal(await cache.set('b', exam.entry()), false);
    await cache.delete('a');
  },
};
