import { limits } from '../model/index.js';
import type { CacheEntry } from '../model/index.js';
import type { Random } from '../runtime/index.js';

type Times = Omit<CacheEntry<unknown>, 'value'>;

/** -ln of the least number above 0 that 1 - random can give: no draw of XFetch looks further ahead. */
const LONGEST_DRAW = 53 * Math.LN2;
const PREFETCH_SHARE = 0.1;
const PREFETCH_HITS = 2;

/** Not when it claims to come from the future: then the clock was set back, and its end may be years away. */
export function isFresh(entry: Times, now: number): boolean {
  return now < entry.freshUntil && entry.storedAt <= now + limits.cacheClockSkewMs;
}

export function ageOf(entry: Times, now: number): number {
  return Math.max(0, now - entry.storedAt);
}

/** For how long it was meant to be fresh, ms. */
export function lifeOf(entry: Times): number {
  return Math.max(0, entry.freshUntil - entry.storedAt);
}

export interface EarlyRefresh {
  readonly xfetchBeta: number;
  readonly prefetch: boolean;
}

/**
 * Whether a fresh value should be fetched anew already. XFetch (Vattani, Chierichetti, Lowenstein: Optimal probabilistic
 * cache stampede prevention, VLDB 2015): when now - loadMs × beta × ln(random) reaches the end, so that of many who share
 * a value about one fetches it, a little early, the earlier the longer a load takes. Never in the first half of its
 * life, or a value that takes longer to load than it lasts would be loaded without a pause.
 */
export function isDueEarly(
  entry: Times,
  now: number,
  { xfetchBeta, prefetch }: EarlyRefresh,
  hits: number,
  random: Random,
): boolean {
  const left = entry.freshUntil - now;
  const life = lifeOf(entry);
  if (prefetch && hits >= PREFETCH_HITS && left <= life * PREFETCH_SHARE) return true;
  const weight = entry.loadMs * xfetchBeta;
  if (left > weight * LONGEST_DRAW || left > life / 2) return false;
  return -weight * Math.log(1 - random.next()) >= left;
}

/** `ttlMs`, up to `share` more or less; or only less, when it must not be exceeded. */
export function jittered(ttlMs: number, share: number, isBound: boolean, random: Random): number {
  if (share === 0) return ttlMs;
  const draw = isBound ? -random.next() : random.next() * 2 - 1;
  return ttlMs * (1 + share * draw);
}
