import type { Decision } from '../catalog/index.js';
import type {
  Action,
  Caller,
  CatalogView,
  Policy,
  RegistrationPolicy,
  ResourceKind,
  RowRef,
  StateReader,
} from '../model/index.js';
import { ServiceDiscoveryError } from '../model/index.js';
import type { Clock, Logger, Random } from '../runtime/index.js';
import type { HybridClock } from '../sync/index.js';
import type { ExpiryMarks } from './expiry-marks.js';
import type { Owners } from './owners.js';
import type { OwnNode } from './own-node.js';
import type { Decided } from './writer.js';

/** What every command stands on. */
export interface Core {
  readonly self: OwnNode;
  readonly owners: Owners;
  readonly catalog: CatalogView;
  /** The one way to write: see Writer. Stamps rows, and starts the lock delays that a decision comes with. */
  readonly decide: <T>(decision: (head: StateReader) => Decision<T>) => Promise<Decided<T>>;
  /** The index that a row in flight will have; asked within a decision. */
  readonly comingIndex: (ref: RowRef) => Promise<number>;
  readonly clock: Clock;
  /** Of what is registered here: `decide` stamps rows with it. */
  readonly hlc: HybridClock;
  readonly random: Random;
  readonly logger: Logger;
  /** A new UUID: sessions, events, queries. Session ids are secrets of a kind, so it must not be guessable. */
  readonly newId: () => string;
  readonly policy: Policy;
  readonly registrationPolicy: RegistrationPolicy;
  /** What the changes under way end because nobody renewed it. */
  readonly marks: ExpiryMarks;
}

/** Asked at the start of every command. */
export function authorize(
  core: Core,
  caller: Partial<Caller> | undefined,
  kind: ResourceKind,
  name: string,
  action: Action = 'write',
): void {
  if (core.policy(caller?.token ?? '', { kind, name }, action)) return;
  throw new ServiceDiscoveryError(
    'PERMISSION_DENIED',
    `Permission denied: token lacks permission '${kind}:${action}' on ${JSON.stringify(name)}`,
  );
}
