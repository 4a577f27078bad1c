import type { TxnOperation } from '../../model/index.js';
import type { ConsulCheck, ConsulNode, ConsulNodeService } from '../shapes.js';
import { notAnAgent } from '../transport/refusal.js';
import type { Calls } from './calls.js';
import { kvPairOf, type ConsulKvPair, type WireKvPair } from './kv.js';
import type { ConsulCallOptions } from './options.js';

export type ConsulKvVerb =
  | 'set'
  | 'cas'
  | 'lock'
  | 'unlock'
  | 'get'
  | 'get-tree'
  | 'get-or-empty'
  | 'check-index'
  | 'check-session'
  | 'check-not-exists'
  | 'delete'
  | 'delete-tree'
  | 'delete-cas';

export interface ConsulKvOperation {
  readonly Verb: ConsulKvVerb;
  readonly Key: string;
  /** Text or bytes, not base64. */
  readonly Value?: string | Uint8Array;
  readonly Flags?: number | bigint;
  /** Of cas, delete-cas, check-index. */
  readonly Index?: number;
  /** Of lock, unlock, check-session. */
  readonly Session?: string;
}

/** One of its fields. */
export interface ConsulTxnOperation extends Pick<TxnOperation, 'Node' | 'Service' | 'Check'> {
  readonly KV?: ConsulKvOperation;
}

/** One of its fields, for operations that have a result. The Value of what was written is empty. */
export interface ConsulTxnResult {
  readonly KV?: ConsulKvPair;
  readonly Node?: ConsulNode;
  readonly Service?: ConsulNodeService;
  readonly Check?: ConsulCheck;
}

export interface ConsulTxnError {
  /** Which operation, from 0. */
  readonly OpIndex: number;
  readonly What: string;
}

/** All was done, or nothing. */
export type ConsulTxnOutcome =
  | { readonly ok: true; readonly results: readonly ConsulTxnResult[] }
  | { readonly ok: false; readonly errors: readonly ConsulTxnError[] };

type WireResult = Omit<ConsulTxnResult, 'KV'> & { readonly KV?: WireKvPair };

interface WireOutcome {
  readonly Results?: readonly WireResult[] | null;
  readonly Errors?: readonly ConsulTxnError[] | null;
}

/** txn: several operations, all or none. */
export class TxnCalls {
  constructor(private readonly calls: Calls) {}

  /** An operation that cannot be done is an outcome, with every one of them; rejects when they could not be judged. */
  async run(operations: readonly ConsulTxnOperation[], options: ConsulCallOptions = {}): Promise<ConsulTxnOutcome> {
    const body = operations.map(({ KV, ...rest }) => (KV === undefined ? rest : { ...rest, KV: encoded(KV) }));
    const request = { body, bigints: true, accept: [409] };
    const { raw, value } = await this.calls.judged('PUT', '/v1/txn', options, request);
    const { Results: results, Errors: errors } = (value ?? {}) as WireOutcome;
    if (raw.status === 409) {
      if (!Array.isArray(errors)) throw notAnAgent(raw, 'a conflict without its errors');
      return { ok: false, errors };
    }
    if (results !== null && !Array.isArray(results)) throw notAnAgent(raw, 'a transaction without its results');
    return {
      ok: true,
      results: ((results ?? []) as readonly WireResult[]).map(({ KV, ...rest }) =>
        KV ? { ...rest, KV: kvPairOf(KV) } : rest,
      ),
    };
  }
}

function encoded({ Value, ...rest }: ConsulKvOperation): object {
  if (Value === undefined) return rest;
  return { ...rest, Value: Buffer.from(Value as string).toString('base64') };
}
