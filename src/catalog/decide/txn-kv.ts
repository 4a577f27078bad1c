import { goQuote, invalid, keyFromText } from '../../model/index.js';
import type { KvRow, TxnOperation, TxnResult } from '../../model/index.js';
import type { Draft } from './draft.js';
import type { KvContext } from './kv.js';
import * as rules from './kv-rules.js';
import { type KvEntry, type KvStep, quoteKey } from './kv-rules.js';

/**
 * The key-value verbs of a transaction (docs/contract.md section 3.7). Reads show the value; everything else echoes the
 * row without.
 */
type KvOperation = NonNullable<TxnOperation['KV']>;

interface Request {
  readonly draft: Draft;
  readonly entry: KvEntry;
  readonly key: string;
  readonly index: number;
  readonly session: string;
}

type Verb = (request: Request) => readonly TxnResult[];

/** What can be said of an operation before any is run. */
export function refuseKvStep(operation: KvOperation, context: KvContext): void {
  const key = keyFromText(operation.Key ?? '');
  if (key === '' && operation.Verb !== 'delete-tree') throw invalid('Must provide key');
  if (operation.Verb === 'lock' && context.lockDelayed(key)) {
    throw invalid(`failed to lock key ${quoteKey(key)} due to lock delay`);
  }
}

export function kvStep(draft: Draft, operation: KvOperation): readonly TxnResult[] {
  const verb = VERBS.get(operation.Verb ?? '');
  if (!verb) throw invalid(`unknown KV verb ${goQuote(operation.Verb ?? '')}`);
  const key = keyFromText(operation.Key ?? '');
  const entry = { key, value: operation.Value ?? '', flags: BigInt(operation.Flags ?? 0) };
  return verb({ draft, entry, key, index: operation.Index ?? 0, session: operation.Session ?? '' });
}

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['set', ({ draft, entry }) => written(draft, rules.setKey(draft.state, entry))],
  [
    'cas',
    ({ draft, entry, key, index }) =>
      written(
        draft,
        rules.setKeyAt(draft.state, entry, index) ?? fail(`failed to set key ${quoteKey(key)}, index is stale`),
      ),
  ],
  [
    'lock',
    ({ draft, entry, key, session }) =>
      written(
        draft,
        rules.lockKey(draft.state, entry, session) ?? fail(`failed to lock key ${quoteKey(key)}, lock is already held`),
      ),
  ],
  [
    'unlock',
    ({ draft, entry, key, session }) =>
      written(
        draft,
        rules.unlockKey(draft.state, entry, session) ??
          fail(`failed to unlock key ${quoteKey(key)}, lock isn't held, or is held by another session`),
      ),
  ],
  ['get', (request) => shown([existing(request, `key ${quoteKey(request.key)} doesn't exist`)])],
  ['get-or-empty', ({ draft, entry, key }) => shown([draft.state.kv(key) ?? emptyRow(entry)])],
  ['get-tree', ({ draft, key }) => shown(draft.state.kvUnder(key))],
  ['check-index', checkIndex],
  ['check-session', checkSession],
  ['check-not-exists', ({ draft, key }) => (draft.state.kv(key) ? fail(`key ${quoteKey(key)} exists`) : [])],
  [
    'delete',
    ({ draft, key }) => {
      draft.add(rules.deleteKey(draft.state, key));
      return [];
    },
  ],
  [
    'delete-tree',
    ({ draft, key }) => {
      draft.add(rules.deleteKeysUnder(draft.state, key));
      return [];
    },
  ],
  [
    'delete-cas',
    ({ draft, key, index }) => {
      const stale = `failed to delete key ${quoteKey(key)}, index is stale`;
      draft.add(rules.deleteKeyAt(draft.state, key, index) ?? fail(stale));
      return [];
    },
  ],
]);

function checkIndex(request: Request): readonly TxnResult[] {
  const { key, index } = request;
  const row = existing(request, `failed to check index, key ${quoteKey(key)} doesn't exist`);
  if (rules.isAt(row, index)) return echoed(row);
  return fail(`failed index check for key ${quoteKey(key)}, current modify index ${row.modifyIndex} != ${index}`);
}

function checkSession(request: Request): readonly TxnResult[] {
  const { key, session } = request;
  const row = existing(request, `failed to check session, key ${quoteKey(key)} doesn't exist`);
  if (row.session === session) return echoed(row);
  return fail(
    `failed session check for key ${quoteKey(key)}, current session ${goQuote(row.session)} != ${goQuote(session)}`,
  );
}

function existing({ draft, key }: Request, complaint: string): KvRow {
  return draft.state.kv(key) ?? fail(complaint);
}

function fail(what: string): never {
  throw invalid(what);
}

function written(draft: Draft, step: KvStep): readonly TxnResult[] {
  if (step.change) draft.add([step.change]);
  return echoed(draft.state.kv(step.row.key) ?? step.row);
}

function echoed(row: KvRow): readonly TxnResult[] {
  return [{ type: 'kv', row, withValue: false }];
}

function shown(rows: Iterable<KvRow>): readonly TxnResult[] {
  return Array.from(rows, (row) => ({ type: 'kv', row, withValue: true }));
}

function emptyRow({ key, flags }: KvEntry): KvRow {
  return { kind: 'kv', key, value: '', flags, lockIndex: 0, session: '', createIndex: 0, modifyIndex: 0 };
}
