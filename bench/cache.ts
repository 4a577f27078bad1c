/**
 * What the cache spares the registry and what that costs in freshness, in virtual time: one client asks for services as
 * Zipf would, services change at rates from once a second to once an hour. Beside a fixed TTL of 30 s that waits for each
 * load. Seeded, so the same figures every time.
 */
import { createLoadingCache, createMemoryCache } from '../src/cache/index.js';
import { FakeClock } from '../src/testing/index.js';
import { seededRandom } from '../src/testing/seeded-random.js';
import { report, whole } from './support/report.js';

const SERVICES = 200;
const HOURS = 1;
const ASKS_PER_SECOND = 20;
const LOAD_MS = 2;
const TTL_MS = 30_000;

interface Outcome {
  readonly asked: number;
  readonly loads: number;
  readonly waited: number;
  /** Share of answers that were not what the registry had at that moment. */
  readonly outdated: number;
  /** Mean age of the difference, over all answers, ms. */
  readonly behindMs: number;
}

/** A service that changes every so often; its version is the value. */
function changingServices(
  random: ReturnType<typeof seededRandom>,
): { readonly everyMs: number; readonly offsetMs: number }[] {
  return Array.from({ length: SERVICES }, () => ({
    everyMs: 1_000 * 3_600 ** random.next(),
    offsetMs: random.next() * 1_000,
  }));
}

async function run(adaptive: boolean): Promise<Outcome> {
  const random = seededRandom(7);
  const services = changingServices(random);
  const clock = new FakeClock();
  const versionAt = (s: number, now: number): number =>
    Math.floor((now + (services[s]?.offsetMs ?? 0)) / (services[s]?.everyMs ?? 1));
  const changedAt = (s: number, version: number): number =>
    (version + 1) * (services[s]?.everyMs ?? 1) - (services[s]?.offsetMs ?? 0);
  const cache = createLoadingCache<number>({
    name: 'bench',
    cache: createMemoryCache<number>({ clock }),
    clock,
    random,
    ttlMs: TTL_MS,
    ...(adaptive ? { adaptive: { minMs: 1_000, maxMs: TTL_MS } } : { xfetchBeta: 0, ttlJitter: 0, revalidateMs: 0 }),
  });
  let [loads, waited, outdated, behindMs, asked] = [0, 0, 0, 0, 0];
  const total = HOURS * 3_600 * ASKS_PER_SECOND;
  for (; asked < total; asked++) {
    // Zipf, exponent 1, by inversion of its continuous form.
    const s = Math.min(SERVICES - 1, Math.floor(SERVICES ** random.next()) - 1);
    let hit = cache.peek(String(s));
    if (!hit) {
      const began = clock.now();
      const load = async (): Promise<{ value: number }> => {
        loads += 1;
        await clock.sleep(LOAD_MS);
        return { value: versionAt(s, clock.now()) };
      };
      const getting = cache.get(String(s), load);
      await clock.advance(0);
      const soon = await Promise.race([getting, Promise.resolve(undefined)]);
      if (!soon) await clock.advance(LOAD_MS);
      hit = await getting;
      if (clock.now() > began) waited += 1;
    }
    const now = versionAt(s, clock.now());
    if (hit.value !== now) {
      outdated += 1;
      behindMs += clock.now() - changedAt(s, hit.value);
    }
    await clock.advance(1_000 / ASKS_PER_SECOND);
  }
  await cache.close();
  return { asked, loads, waited, outdated: outdated / asked, behindMs: behindMs / asked };
}

const [fixed, ours] = [await run(false), await run(true)];
const line = ({ asked, loads, waited, outdated, behindMs }: Outcome): string =>
  `${((1 - waited / asked) * 100).toFixed(1)} % answered at once, ${whole(loads)} loads for ${whole(asked)} questions, ${(outdated * 100).toFixed(1)} % out of date, ${whole(behindMs)} ms behind on average`;
report([
  { what: 'loading cache, adaptive TTL up to 30 s', measured: line(ours) },
  { what: 'fixed TTL of 30 s', measured: line(fixed) },
]);
