/**
 * A run as data: who there is, what they are told to do and what goes wrong, each at its time. The generator makes one
 * from a seed; named ones are kept as files, so that they mean the same whatever becomes of the generator. What is left
 * to chance within a run (delays, which frame is lost, what the agents themselves draw) follows from `seed`.
 *
 * Every action can be left out without making the others meaningless: that is how a failing run is made smaller.
 */
import type { SyncSettings } from '../../../src/sync/index.js';

/** Raised when old scenario files cannot be read any more. */
export const SCENARIO_VERSION = 1;

/** Agents and nodes by their number, from 0. */
export type Slot = number;

export interface Scenario {
  readonly version: typeof SCENARIO_VERSION;
  readonly seed: number;
  /** What kind of trouble the generator meant, or what a named scenario is about. */
  readonly title: string;
  readonly agents: readonly AgentPlan[];
  readonly settings: Partial<SyncSettings>;
  /** The loop's own times are this much longer: ticks, and waits between dials. Settings say it for themselves. */
  readonly tempo: number;
  readonly weather: Weather;
  /** In order of their times. */
  readonly actions: readonly Action[];
  /** When everything is healed, and convergence is awaited. */
  readonly healAtMs: number;
  /** Who is not started again then. */
  readonly staysDown: readonly Slot[];
}

export interface AgentPlan {
  readonly node: string;
  readonly datacenter: string;
  /** `primary_node` of its configuration; '' = none. */
  readonly primary: string;
  /** When it is first started; the others join what runs by then. */
  readonly startAtMs: number;
  /** Of its wall clock, from the start. */
  readonly skewMs: number;
}

/** What the network does by itself. */
export interface Weather {
  readonly latencyMs: readonly [least: number, most: number];
  readonly remoteLatencyMs: readonly [least: number, most: number];
  /** Of frames that a connection may drop when its queue is full. */
  readonly lossShare: number;
  /** Of frames that come again later, as over another connection. */
  readonly repeatShare: number;
  /** Of frames that come so late that later ones overtake them. */
  readonly lateShare: number;
}

export type Action = { readonly atMs: number } & (Command | Fault);

export type Status = 'passing' | 'warning' | 'critical';

/** What users and operators ask of an agent. One that is down or away is not asked. */
export type Command =
  /** Through `agent/service/register`: an instance of the agent's own node, with one check. */
  | {
      readonly do: 'register';
      readonly agent: Slot;
      readonly id: string;
      readonly service: string;
      readonly port: number;
      readonly meta: string;
      readonly status: Status;
    }
  | { readonly do: 'deregister'; readonly agent: Slot; readonly id: string }
  | { readonly do: 'flip'; readonly agent: Slot; readonly id: string; readonly status: Status }
  /** Through `catalog/register`: any node, whoever runs it. */
  | {
      readonly do: 'catalog-register';
      readonly agent: Slot;
      readonly node: string;
      readonly address: string;
      readonly id: string;
      readonly service: string;
      readonly port: number;
      readonly status: Status;
    }
  /** `id` '' = the whole node. */
  | { readonly do: 'catalog-deregister'; readonly agent: Slot; readonly node: string; readonly id: string }
  | { readonly do: 'kv-set'; readonly agent: Slot; readonly key: string; readonly value: string }
  | { readonly do: 'kv-delete'; readonly agent: Slot; readonly key: string }
  /** `session` is a name of ours for it: ids are drawn. On the node of that slot. */
  | { readonly do: 'session-create'; readonly agent: Slot; readonly session: string; readonly node: Slot }
  | { readonly do: 'session-destroy'; readonly agent: Slot; readonly session: string }
  | { readonly do: 'acquire'; readonly agent: Slot; readonly key: string; readonly session: string }
  | { readonly do: 'release'; readonly agent: Slot; readonly key: string; readonly session: string }
  | { readonly do: 'leave'; readonly agent: Slot }
  | { readonly do: 'force-leave'; readonly agent: Slot; readonly target: Slot; readonly prune: boolean };

export type Fault =
  /** kill -9, or with `power` the whole machine: then nobody is told. `kept` is the share of the unsynced tail that survives. */
  | { readonly do: 'crash'; readonly agent: Slot; readonly power: boolean; readonly kept: number }
  /** Ends in order: says goodbye and means to come back. */
  | { readonly do: 'stop'; readonly agent: Slot }
  /**
   * Starts what does not run. `disk`: as it was; as it was when it was last copied; or nothing left, so that another
   * agent comes under the old name.
   */
  | {
      readonly do: 'start';
      readonly agent: Slot;
      readonly disk: 'kept' | 'copy' | 'empty';
      readonly address: 'same' | 'new';
    }
  /** A copy of the data directory, for `start` with an old one. */
  | { readonly do: 'copy-disk'; readonly agent: Slot }
  /** The event loop, or the whole process, stands still; what arrives waits. */
  | { readonly do: 'stall'; readonly agent: Slot; readonly forMs: number }
  /** Only agents of one group hear each other; who is in no group hears everybody. */
  | { readonly do: 'partition'; readonly groups: readonly (readonly Slot[])[]; readonly forMs: number }
  /** What one says does not reach the other; the way back is open. */
  | { readonly do: 'cut'; readonly from: Slot; readonly to: Slot; readonly forMs: number }
  /** The connection ends: both are told, or with `half` only one, and the other goes on talking into the void. */
  | { readonly do: 'break'; readonly between: readonly [Slot, Slot]; readonly half: boolean }
  /** A peer that reads slowly, or, with 0 bytes, not at all. */
  | { readonly do: 'slow'; readonly to: Slot; readonly bytesPerSecond: number; readonly forMs: number }
  | { readonly do: 'weather'; readonly lossShare: number; readonly repeatShare: number; readonly lateShare: number }
  /** The wall clock jumps. */
  | { readonly do: 'clock'; readonly agent: Slot; readonly byMs: number };

export type ActionName = Action['do'];
