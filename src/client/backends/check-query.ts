import { invalid, ServiceDiscoveryError } from '../../model/index.js';
import type { ResolverAbilities, ServiceQuery } from '../../model/index.js';

/** Throws UNSUPPORTED when the query asks for what the backend, named for people, does not understand. */
export function checkQuery(query: ServiceQuery, supports: ResolverAbilities, backend: string): void {
  if (query.service === '')
    throw invalid('the name of the service is empty', [{ field: 'service', rule: 'must not be empty' }]);
  const { datacenter, tags = [], filter, near, consistency = 'default' } = query;
  const asked = {
    datacenter: datacenter !== undefined,
    tags: tags.length > 0,
    filter: filter !== undefined && filter !== '',
    near: near !== undefined,
    consistency: consistency !== 'default',
  };
  for (const [ability, isAsked] of Object.entries(asked) as [keyof typeof asked, boolean][]) {
    if (!isAsked || supports[ability]) continue;
    throw new ServiceDiscoveryError('UNSUPPORTED', `${backend} does not understand '${ability}' in a query`, {
      details: { ability },
    });
  }
}
