import type { AliasedCheck, AliasSource } from '../checks/index.js';
import type { CatalogView, CheckRow } from '../model/index.js';

/**
 * What alias checks read: the catalog's rows of one instance and its node. Aliases of the same target on the node
 * itself are left out: two of them would each hold the other up.
 */
export function aliasSource(catalog: CatalogView, nodeName: string): AliasSource {
  return {
    checksOf: (aliasNode, aliasService) => {
      const node = aliasNode || nodeName;
      if (aliasService !== '' && !catalog.service(node, aliasService)) return undefined;
      const counts = (check: CheckRow): boolean => check.serviceId === '' || check.serviceId === aliasService;
      return [...catalog.checksOf(node)].filter((check) => counts(check) && !mirrors(catalog, check)).map(aliased);
    },
  };

  function mirrors(view: CatalogView, check: CheckRow): boolean {
    return check.type === 'alias' && check.serviceId === '' && view.localCheck(check.checkId) !== undefined;
  }
}

function aliased({ name, status, output }: CheckRow): AliasedCheck {
  return { name, status, output };
}
