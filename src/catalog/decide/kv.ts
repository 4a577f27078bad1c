import { invalid, isDiscoveryError } from '../../model/index.js';
import type { KvDelete, KvWrite, StateReader } from '../../model/index.js';
import { type Decision, decision } from './decision.js';
import {
  deleteKey,
  deleteKeyAt,
  deleteKeysUnder,
  type KvStep,
  lockKey,
  setKey,
  setKeyAt,
  unlockKey,
} from './kv-rules.js';

export interface KvContext {
  /** Whether the key may not be acquired yet, because the session that held it ended (docs/contract.md section 3.6). */
  lockDelayed(key: string): boolean;
}

/** PUT kv/:key (docs/contract.md section 3.5). False: the condition did not hold, nothing changes. */
export function decideKvPut(state: StateReader, request: KvWrite, context: KvContext): Decision<boolean> {
  if (request.key === '') throw invalid('Must provide key');
  const step = asApplied(() => stepFor(state, request, context));
  if (!step) return decision(false);
  return decision(true, step.change ? [step.change] : []);
}

function stepFor(state: StateReader, request: KvWrite, context: KvContext): KvStep | undefined {
  const { mode } = request;
  switch (mode.type) {
    case 'cas':
      return setKeyAt(state, request, mode.index);
    case 'acquire':
      return context.lockDelayed(request.key) ? undefined : lockKey(state, request, mode.session);
    case 'release':
      return unlockKey(state, request, mode.session);
    default:
      return setKey(state, request);
  }
}

/** DELETE kv/:key. False only for a key that is there at another index. */
export function decideKvDelete(state: StateReader, { key, mode }: KvDelete): Decision<boolean> {
  if (mode.type === 'prefix') return decision(true, deleteKeysUnder(state, key));
  if (key === '') throw invalid('Must provide key');
  if (mode.type === 'key') return decision(true, deleteKey(state, key));
  const changes = deleteKeyAt(state, key, mode.index);
  return changes ? decision(true, changes) : decision(false);
}

/** Complaints of the state, as Consul's clients get them outside transactions. */
function asApplied<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (isDiscoveryError(error, 'INVALID_ARGUMENT')) throw invalid(`raft apply failed: ${error.message}`);
    throw error;
  }
}
