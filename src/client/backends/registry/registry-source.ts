import type { CatalogView, LocalCheckState } from '../../../model/index.js';

/** What resolving needs of a registry in this process. `createRegistry` of `./registry` makes one. */
export interface RegistrySource {
  readonly nodeName: string;
  readonly catalog: Pick<CatalogView, 'datacenter' | 'ready' | 'serviceView' | 'subscribe'>;
  /** In which the catalog's indexes mean something. */
  readonly indexSpace: string;
  /**
   * Whether a health entry, in its wire form, is one that the filter keeps. INVALID_ARGUMENT for a text that is no filter.
   * The registry's, because the filter language weighs as much as the rest of the client, and the registry has it.
   */
  compileFilter(text: string): (healthEntry: object) => boolean;
  /** A check that this registry runs itself. */
  localCheck(checkId: string): Pick<LocalCheckState, 'lastResultAt'> | undefined;
}
