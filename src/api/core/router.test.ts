import { describe, expect, test } from 'vitest';
import { allRoutes } from '../routes.js';
import { Router } from './router.js';

const router = new Router(allRoutes(false));
const find = (path: string, search = '') => router.find(path, search);

describe('routing', () => {
  const found: readonly [string, string, string][] = [
    ['/v1/catalog/services', '/v1/catalog/services', ''],
    ['/v1/catalog/service/web', '/v1/catalog/service/{service}', 'web'],
    ['/v1/catalog/service/a/b', '/v1/catalog/service/{service}', 'a/b'],
    ['/v1/catalog/service/', '/v1/catalog/service/{service}', ''],
    ['/v1/agent/service/register', '/v1/agent/service/register', ''],
    ['/v1/agent/service/registered', '/v1/agent/service/{service}', 'registered'],
    ['/v1/agent/service/deregister/x', '/v1/agent/service/deregister/{service}', 'x'],
    ['/v1/query', '/v1/query', ''],
    ['/v1/query/q', '/v1/query/{query}', 'q'],
    ['/v1/query/q/execute', '/v1/query/{query}/execute', 'q'],
    ['/v1/query/a/b/explain', '/v1/query/{query}/explain', 'a/b'],
    ['/v1/query/execute', '/v1/query/{query}', 'execute'],
    ['/v1/kv/', '/v1/kv/{key}', ''],
    ['/v1/connect/ca/roots', '/v1/connect/ca/roots', ''],
    ['/v1/connect/ca/configuration', '/v1/connect/{rest}', 'ca/configuration'],
    ['/v1/acl/token/self', '/v1/acl/{rest}', 'token/self'],
  ];
  test.each(found)('%s', (path, route, param) => {
    expect(find(path)).toMatchObject({ type: 'route', route: { path: route }, param });
  });

  test('a prefix without its slash is moved to it, with the query', () => {
    expect(find('/v1/catalog/service', 'dc=dc1')).toEqual({ type: 'moved', location: '/v1/catalog/service/?dc=dc1' });
    expect(find('/v1/kv')).toEqual({ type: 'moved', location: '/v1/kv/' });
  });

  test.each(['/', '/v1/nope', '/v1/agent/nope/x', '/v1/catalog/services/x', '/v2/kv/a'])('%s is nowhere', (path) => {
    expect(find(path)).toEqual({ type: 'none' });
  });
});
