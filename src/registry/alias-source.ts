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
      return Array.from(catalog.checksOf(node))
        .filter((check) => counts(check, aliasService))
        .map(aliased);
    },
  };
}

function counts(check: CheckRow, aliasService: string): boolean {
  if (check.serviceId === '') return check.type !== 'alias';
  return check.serviceId === aliasService;
}

function aliased({ name, status, output }: CheckRow): AliasedCheck {
  return { name, status, output };
}
