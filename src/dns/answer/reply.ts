import type { ResourceRecord } from '../wire/index.js';

/** What is cut together when an answer is too long: a record of the answer section, and what it brings along. */
export interface AnswerUnit {
  readonly record: ResourceRecord;
  readonly extra: readonly ResourceRecord[];
}

/** An answer before it is fitted to a transport. */
export interface Reply {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly units: readonly AnswerUnit[];
  readonly authority: readonly ResourceRecord[];
  /** Belongs to no unit in particular. */
  readonly additional: readonly ResourceRecord[];
  /** Whether the answer holds for every client or for the subnet the question named (RFC 7871). */
  readonly scope: 'everybody' | 'subnet';
  /** Names outside our domain that the answer would follow if recursors had been asked for them. */
  readonly wanted: readonly string[];
  /** Why, for clients that speak EDNS (RFC 8914). */
  readonly error?: { readonly code: number; readonly text: string } | undefined;
}

/** 'foreign': not for us to answer from what we know. */
export type Outcome = { readonly kind: 'reply'; readonly reply: Reply } | { readonly kind: 'foreign' };

const empty: Reply = {
  rcode: 0,
  authoritative: true,
  units: [],
  authority: [],
  additional: [],
  scope: 'everybody',
  wanted: [],
};

export function reply(parts: Partial<Reply>): Reply {
  return { ...empty, ...parts };
}

/** Each record may be cut on its own and brings nothing along. */
export function units(records: readonly ResourceRecord[]): AnswerUnit[] {
  return records.map((record) => ({ record, extra: [] }));
}
