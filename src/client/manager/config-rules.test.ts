import { describe, expect, test } from 'vitest';
import { createMemoryCache } from '../../cache/index.js';
import { isDiscoveryError, type Violation } from '../../model/index.js';
import { StaticResolver } from '../backends/static/static-resolver.js';
import type { ServiceDiscoveryConfig } from './config.js';
import { ServiceDiscoveryManager } from './service-discovery-manager.js';

async function refused(config: unknown): Promise<readonly Violation[]> {
  try {
    await new ServiceDiscoveryManager(config as ServiceDiscoveryConfig).close();
  } catch (error) {
    if (isDiscoveryError(error, 'INVALID_ARGUMENT')) return error.details.violations ?? [];
    throw error;
  }
  return [];
}

const backend = new StaticResolver();
const cache = createMemoryCache();

describe('a configuration that breaks a rule is refused at once, naming the option', () => {
  test.each<[unknown, string, RegExp]>([
    [{ consulHost: 'http://x:8500' }, 'consulHost', /host name.*addresses/],
    [{ consulHost: 'x:8500' }, 'consulHost', /host name/],
    [{ consulPort: '8500' }, 'consulPort', /1 to 65535/],
    [{ consulHost: 'x', addresses: ['y:1'] }, 'addresses', /beside consulHost/],
    [{ backend, addresses: ['y:1'] }, 'addresses', /backend "consul"/],
    [{ backend: 'dns', token: 'x' }, 'token', /backend "consul"/],
    [{ dns: {} }, 'dns', /backend "dns"/],
    [{ backend: 'etcd' }, 'backend', /"consul", "dns"/],
    [{ enableCaching: false, sharedCache: cache }, 'sharedCache', /enableCaching/],
    [{ enableCaching: false, lastKnownGoodFile: '/nowhere' }, 'lastKnownGoodFile', /enableCaching/],
    [{ sharedCache: new Map() }, 'sharedCache', /a cache/],
    [{ lastKnownGoodFile: { path: '/nowhere', kyes: [] } }, 'lastKnownGoodFile.kyes', /is not an option/],
    [{ lastKnownGoodFile: { path: '/nowhere', keys: ['short'] } }, 'lastKnownGoodFile.keys[0]', /32 bytes/],
    [{ watchWait: '0s' }, 'watchWait', /above 0/],
    [{ watchWait: 601 }, 'watchWait', /at most 10 minutes/],
    [{ logger: {} }, 'logger', /debug, info, warn and error/],
    [{ clock: {} }, 'clock', /Clock/],
    [{ random: Math.random }, 'random', /Random/],
    [{ defaultCheck: { htp: '/health' } }, 'defaultCheck.htp', /did you mean http/],
    [{ defaultCheck: { http: '/health', interval: 'soon' } }, 'defaultCheck.interval', /duration/],
    [{ defaultCheck: {} }, 'defaultCheck', /one of http/],
    [{ healthCheckInterval: 1e300 }, 'healthCheckInterval', /sensible/],
    [{ deregisterCriticalTimeout: '-1m' }, 'deregisterCriticalTimeout', /duration/],
    [{ address: '0.0.0.0' }, 'address', /dialled/],
    [{ balancing: { policy: 'best' } }, 'balancing.policy', /adaptive/],
    [{ balancing: { polcy: 'random' } }, 'balancing.polcy', /did you mean policy/],
    [{ services: { api: { panic: { threshold: 2 } } } }, 'services.api.panic.threshold', /1/],
    [{ services: { api: { subsets: [{ name: 'a', weight: 1, filtre: '' }] } } }, 'services.api.filtre', /filter/],
    [{ cacheTTL: 1 }, 'cacheTTL', /did you mean cacheTtl/],
    ['text', '', /object/],
    [null, '', /object/],
  ])('%j', async (config, field, rule) => {
    const [violation] = await refused(config);
    expect(violation?.field).toBe(field);
    expect(violation?.rule).toMatch(rule);
  });

  test.each([
    {},
    { consulHost: '::1' },
    { consulHost: '[::1]', consulPort: 1 },
    {
      backend,
      watchWait: '10m',
      balancing: { policy: 'random' },
      services: { api: { subsets: [{ name: 'a', weight: 1 }] } },
    },
    { defaultCheck: { http: '/health' }, address: '10.0.0.1' },
  ])('%j is taken', async (config) => {
    expect(await refused(config)).toEqual([]);
  });

  test('every broken rule is named at once', async () => {
    const fields = (await refused({ cacheTtl: -1, maxRetries: 0, tokn: 'x' })).map(({ field }) => field);
    expect(fields.toSorted()).toEqual(['cacheTtl', 'maxRetries', 'tokn']);
  });
});

test('balancing of a service holds whatever the letters of its name', async () => {
  const resolver = new StaticResolver({ api: [{ address: '10.0.0.1', port: 1 }] });
  const nobody = { subsets: [{ name: 'nobody', weight: 1, accepts: () => false }] };
  for (const name of ['api', 'API', 'Api']) {
    await using manager = new ServiceDiscoveryManager({ backend: resolver, services: { Api: nobody } });
    expect((await manager.explain(name)).map(({ eligible }) => eligible)).toEqual([false]);
  }
});
