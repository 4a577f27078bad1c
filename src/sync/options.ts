import type { CatalogView } from '../model/index.js';
import type { Clock, Logger, Network, NetworkAddress, Random } from '../runtime/index.js';
import type { SyncHost } from './host.js';
import type { StoredKeys } from './loop/cluster-keyring.js';
import type { SyncSettings } from './settings.js';

export interface RegistrySyncOptions {
  readonly host: SyncHost;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The peer port. Port 0 = any free one. */
  readonly listen: NetworkAddress;
  /** What peers are told instead of the host listened on. */
  readonly advertise?: string;
  /** Of our node in the catalog. */
  readonly address: string;
  /** Of this package. */
  readonly version: string;
  /** Node name of the home; '' = none. */
  readonly primaryNode: string;
  readonly settings: SyncSettings;
  /** Absent = what peers say is not encrypted. */
  readonly keyring?: {
    readonly ring: StoredKeys;
    /** So that a change by an operator outlives the process. */
    store(ring: StoredKeys): Promise<void>;
  };
  /** Other agents to meet, of any datacenter. */
  readonly seeds: readonly NetworkAddress[];
  /** All addresses of a name; an address is its own. */
  lookup(address: NetworkAddress): Promise<readonly NetworkAddress[]>;
  /** After having left, look for those known then. Else for `seeds` alone, until somebody is met. */
  readonly rejoinAfterLeave: boolean;
  /** An empty catalog: what is read of the home before anything is known of it. */
  readonly nothing: CatalogView;
}
