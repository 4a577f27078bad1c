import type { RowRef } from '../../../src/model/index.js';
import type { Merge, Notice } from '../../../src/sync/index.js';
import type { Effects, Send, SyncInput } from '../../../src/sync/step/types.js';
import type { AppliedChange } from '../../../src/catalog/index.js';
import type { Command } from '../plan/scenario.js';
import type { Life } from './life.js';

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Sees everything an agent does, as it does it; judges throw. */
export interface Watcher {
  started?(life: Life): void;
  /** `inOrder`: it said goodbye or left. */
  ended?(life: Life, how: 'crash' | 'stop' | 'leave'): void;
  beforeStep?(life: Life, input: SyncInput): void;
  stepped?(life: Life, input: SyncInput, effects: Effects): void;
  merged?(life: Life, merge: Merge, applied: readonly AppliedChange[]): void;
  /** A command of this agent is committed. */
  committed?(life: Life, applied: readonly AppliedChange[]): void;
  /** A row that another's hides is given up. */
  withdrawn?(life: Life, ref: RowRef): void;
  sent?(life: Life, send: Send, bytes: Uint8Array): void;
  noticed?(life: Life, notice: Notice): void;
  answered?(life: Life, command: Command, outcome: Outcome): void;
}
