/**
 * A reply as the bytes a transport takes (docs/contract.md section 5.3). Answers are cut from the end, each with the
 * records it brings along; when not even one fits with those, they go first. Whether cutting shows as TC is the
 * configuration's choice.
 */
import { encodeMessage } from '../wire/index.js';
import type { Message, ResourceRecord } from '../wire/index.js';
import type { AnswerUnit, Reply } from './reply.js';

export interface Room {
  readonly maxBytes: number;
  readonly maxAnswers: number;
  readonly compress: boolean;
  /** Set TC on an answer that was cut. */
  readonly markCut: boolean;
}

export interface Fitted {
  readonly bytes: Buffer;
  readonly cut: boolean;
}

/** `frame` is the response without its records: header, question, EDNS. */
export function fit(frame: Message, reply: Reply, room: Room): Fitted {
  const allowed = reply.units.slice(0, room.maxAnswers);
  const attempt = (count: number, extras: boolean): Buffer =>
    encodeMessage(
      {
        ...frame,
        truncated: room.markCut && count < reply.units.length,
        answers: allowed.slice(0, count).map((unit) => unit.record),
        authorities: reply.authority,
        additionals: extras ? additionals(allowed.slice(0, count), reply.additional) : [],
      },
      { compress: room.compress },
    );
  const fits = (count: number, extras: boolean): Buffer | undefined => {
    const bytes = attempt(count, extras);
    return bytes.length <= room.maxBytes ? bytes : undefined;
  };
  const whole = fits(allowed.length, true);
  if (whole) return { bytes: whole, cut: allowed.length < reply.units.length };
  const some = longest(1, allowed.length - 1, (count) => fits(count, true));
  if (some) return { bytes: some.bytes, cut: true };
  const bare = longest(0, allowed.length, (count) => fits(count, false));
  return { bytes: bare?.bytes ?? attempt(0, false), cut: (bare?.count ?? 0) < reply.units.length };
}

interface Attempt {
  readonly bytes: Buffer;
  readonly count: number;
}

/** The largest count in [low, high] that fits; bytes grow with the count. */
function longest(low: number, high: number, fits: (count: number) => Buffer | undefined): Attempt | undefined {
  let best: Attempt | undefined;
  let [from, to] = [low, high];
  while (from <= to) {
    const count = (from + to) >> 1;
    const bytes = fits(count);
    if (bytes) {
      best = { bytes, count };
      from = count + 1;
    } else {
      to = count - 1;
    }
  }
  return best;
}

/** Each record once: two instances on one node bring the same address. */
function additionals(units: readonly AnswerUnit[], more: readonly ResourceRecord[]): ResourceRecord[] {
  const found = new Map<string, ResourceRecord>();
  for (const record of units.flatMap((unit) => unit.extra).concat(more)) {
    const key = keyOf(record);
    if (!found.has(key)) found.set(key, record);
  }
  return [...found.values()];
}

function keyOf(record: ResourceRecord): string {
  const { name, type } = record;
  if (type === 'A' || type === 'AAAA') return `${name}\0${record.address}`;
  if (type === 'TXT')
    return `${name}\0TXT\0${record.strings.map((one) => Buffer.from(one).toString('latin1')).join('\0')}`;
  return JSON.stringify(record);
}
