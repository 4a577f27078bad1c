import type { ResourceRecord } from '../../dns/wire/index.js';
import type { DnsAnswer } from '../../dns/client/index.js';

/** An answer as a cache keeps it: plain JSON, since caches may be shared between machines. */
export interface StoredAnswer {
  /** The answer, with every run of bytes as `{ "base64": "…" }`. */
  readonly answer: unknown;
  /** For how long it may be believed from when it came, after all clamps. */
  readonly ttlMs: number;
}

/** Answers as they came out of their stored form, as long as that is kept: most are read more than once. */
const answers = new WeakMap<StoredAnswer, DnsAnswer>();

export function storedAnswer(answer: DnsAnswer, ttlMs: number): StoredAnswer {
  const stored: StoredAnswer = { answer: mapped(answer, bytesAsText), ttlMs };
  answers.set(stored, answer);
  return stored;
}

export function answerOf(stored: StoredAnswer): DnsAnswer {
  const known = answers.get(stored);
  if (known) return known;
  const answer = mapped(stored.answer, textAsBytes) as DnsAnswer;
  answers.set(stored, answer);
  return answer;
}

/** Whether something out of a shared cache, which others write, has the form that all code here counts on. */
export function isStoredAnswer(value: unknown): value is StoredAnswer {
  if (!isObject(value) || typeof value.ttlMs !== 'number' || !isObject(value.answer)) return false;
  const { outcome, records, aliases, additionals, ttlSeconds } = value.answer;
  return (
    (outcome === 'records' || outcome === 'nodata' || outcome === 'nxdomain') &&
    typeof ttlSeconds === 'number' &&
    [records, aliases, additionals].every((list) => Array.isArray(list) && list.every(isRecord))
  );
}

function isRecord(value: unknown): boolean {
  const record = value as ResourceRecord;
  return isObject(value) && typeof record.name === 'string' && typeof record.type === 'string' && record.ttl >= 0;
}

/** The same data with every object that `change` knows replaced by what it makes of it. */
function mapped(value: unknown, change: (value: object) => unknown): unknown {
  if (!isObject(value)) return value;
  const changed = change(value);
  if (changed !== undefined) return changed;
  if (Array.isArray(value)) return value.map((one) => mapped(one, change));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapped(one, change)]));
}

function bytesAsText(value: object): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : undefined;
}

function textAsBytes(value: object): unknown {
  return 'base64' in value && typeof value.base64 === 'string' ? Buffer.from(value.base64, 'base64') : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
