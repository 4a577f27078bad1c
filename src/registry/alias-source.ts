import type { AliasedCheck, AliasSource } from '../checks/index.js';
import type { CatalogView, CheckRow } from '../model/index.js';

/**
 * What alias checks read: the catalog's rows of one instance and its node. Aliases on the node itself are left out:
 * two of them would each hold the other up.
 */
export function aliasSource(catalog: CatalogView, nodeName: string): AliasSource {
  return {
    checksOf: (aliasNode, aliasService) => {
      const node = aliasNode || nodeName;
      if (aliasService !== '' && !catalog.service(node, aliasService)) return undefined;
      const ofNode = Array.from(catalog.checksOfService(node, '')).filter((check) => check.type !== 'alias');
      const ofService = aliasService === '' ? [] : catalog.checksOfService(node, aliasService);
      return [...ofNode, ...ofService].map(aliased);
    },
  };
}

function aliased({ name, status, output }: CheckRow): AliasedCheck {
  return { name, status, output };
}
