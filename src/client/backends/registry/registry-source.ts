import type { CatalogView, LocalCheckState } from '../../../model/index.js';

/** What resolving needs of a registry in this process. `createRegistry` of `./registry` makes one. */
export interface RegistrySource {
  readonly nodeName: string;
  readonly catalog: Pick<CatalogView, 'datacenter' | 'ready' | 'serviceView' | 'subscribe'>;
  /** In which the catalog's indexes mean something. */
  readonly indexSpace: string;
  /** A check that this registry runs itself. */
  localCheck(checkId: string): Pick<LocalCheckState, 'lastResultAt'> | undefined;
}
