/** What each method of each family sends; and that together they reach every path our agents serve. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Router } from '../api/core/router.js';
import { allRoutes } from '../api/routes.js';
import { listenOnLoopback, type LoopbackServer } from '../testing/loopback-server.js';
import { ConsulClient } from './index.js';

let server: LoopbackServer;
let client: ConsulClient;
let seen: string[] = [];

beforeAll(async () => {
  const recorder = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.writeHead(500).end('noted'));
  });
  server = await listenOnLoopback(recorder);
  client = new ConsulClient({ addresses: server.address });
});
afterAll(async () => {
  await client.close();
  await server.close();
});

const nodeMeta = { rack: 'r1', empty: '' };
const CALLS: readonly (readonly [string, (client: ConsulClient) => Promise<unknown>])[] = [
  ['GET /v1/agent/self', ({ agent }) => agent.self()],
  ['GET /v1/agent/version', ({ agent }) => agent.version()],
  ['GET /v1/agent/members?wan=1&segment=a', ({ agent }) => agent.members({ wan: true, segment: 'a' })],
  ['GET /v1/agent/host', ({ agent }) => agent.host()],
  ['GET /v1/agent/metrics', ({ agent }) => agent.metrics()],
  ['GET /v1/agent/metrics?format=prometheus', ({ agent }) => agent.prometheusMetrics()],
  ['GET /v1/agent/monitor?loglevel=warn&logjson', ({ agent }) => agent.monitor({ logLevel: 'warn', logJson: true })],
  ['PUT /v1/agent/reload', ({ agent }) => agent.reload()],
  ['PUT /v1/agent/join/10.0.0.1%3A8301', ({ agent }) => agent.join('10.0.0.1:8301')],
  ['PUT /v1/agent/leave', ({ agent }) => agent.leave()],
  ['PUT /v1/agent/force-leave/n1?prune', ({ agent }) => agent.forceLeave('n1', { prune: true })],
  ['PUT /v1/agent/token/default', ({ agent }) => agent.setToken('default', 'x')],
  ['GET /v1/agent/services?filter=ID%20%3D%3D%20a', ({ agent }) => agent.services({ filter: 'ID == a' })],
  [
    'GET /v1/agent/service/a%2Fb?hash=h1&wait=2000ms',
    ({ agent }) => agent.service('a/b', { hash: 'h1', waitMs: 2_000 }),
  ],
  ['PUT /v1/agent/service/register', ({ agent }) => agent.register({ Name: 'a' })],
  [
    'PUT /v1/agent/service/register?replace-existing-checks',
    ({ agent }) => agent.register({ Name: 'a' }, { replaceExistingChecks: true }),
  ],
  ['PUT /v1/agent/service/deregister/a', ({ agent }) => agent.deregister('a')],
  [
    'PUT /v1/agent/service/maintenance/a?enable=true&reason=so%20so',
    ({ agent }) => agent.serviceMaintenance('a', true, { reason: 'so so' }),
  ],
  ['PUT /v1/agent/maintenance?enable=false', ({ agent }) => agent.maintenance(false)],
  ['GET /v1/agent/checks', ({ agent }) => agent.checks()],
  ['PUT /v1/agent/check/register', ({ agent }) => agent.registerCheck({ Name: 'c', TTL: '9s' })],
  ['PUT /v1/agent/check/deregister/c', ({ agent }) => agent.deregisterCheck('c')],
  ['PUT /v1/agent/check/pass/c?note=n', ({ agent }) => agent.passCheck('c', { note: 'n' })],
  ['PUT /v1/agent/check/warn/c', ({ agent }) => agent.warnCheck('c')],
  ['PUT /v1/agent/check/fail/c', ({ agent }) => agent.failCheck('c')],
  ['PUT /v1/agent/check/update/c', ({ agent }) => agent.updateCheck('c', { Status: 'passing' })],
  ['GET /v1/agent/health/service/id/a', ({ agent }) => agent.serviceHealth('a')],
  ['GET /v1/agent/health/service/name/a', ({ agent }) => agent.servicesHealth('a')],

  ['PUT /v1/catalog/register', ({ catalog }) => catalog.register({ Node: 'n' })],
  ['PUT /v1/catalog/deregister', ({ catalog }) => catalog.deregister({ Node: 'n' })],
  ['GET /v1/catalog/datacenters?cached', ({ catalog }) => catalog.datacenters({ cached: true })],
  [
    'GET /v1/catalog/nodes?near=_agent&node-meta=rack%3Ar1&node-meta=empty%3A',
    ({ catalog }) => catalog.nodes({ near: '_agent', nodeMeta }),
  ],
  [
    'GET /v1/catalog/services?dc=dc2&stale',
    ({ catalog }) => catalog.services({ datacenter: 'dc2', consistency: 'stale' }),
  ],
  ['GET /v1/catalog/service/a?tag=x&tag=y', ({ catalog }) => catalog.service('a', { tags: ['x', 'y'] })],
  ['GET /v1/catalog/connect/a', ({ catalog }) => catalog.connect('a')],
  ['GET /v1/catalog/node/n', ({ catalog }) => catalog.node('n')],
  [
    'GET /v1/catalog/node-services/n?merge-central-config',
    ({ catalog }) => catalog.nodeServices('n', { mergeCentralConfig: true }),
  ],
  ['GET /v1/catalog/gateway-services/g', ({ catalog }) => catalog.gatewayServices('g')],

  ['GET /v1/health/node/n', ({ health }) => health.node('n')],
  ['GET /v1/health/checks/a', ({ health }) => health.checks('a')],
  [
    'GET /v1/health/service/a?tag=x&passing&consistent&index=7&wait=60000ms',
    ({ health }) =>
      health.service('a', { consistency: 'consistent', tags: ['x'], passing: true, index: 7, waitMs: 60_000 }),
  ],
  ['GET /v1/health/service/a', ({ health }) => health.service('a', { index: 0, waitMs: 60_000 })],
  ['GET /v1/health/connect/a?max_stale=5ms', ({ health }) => health.connect('a', { maxStaleMs: 5 })],
  ['GET /v1/health/ingress/a', ({ health }) => health.ingress('a')],
  ['GET /v1/health/state/any', ({ health }) => health.state('any')],

  ['GET /v1/kv/a%2Fb%20c%3F', ({ kv }) => kv.get('a/b c?')],
  ['GET /v1/kv/a?raw', ({ kv }) => kv.raw('a')],
  ['GET /v1/kv/?recurse', ({ kv }) => kv.list('')],
  ['GET /v1/kv/a%2F?keys&separator=%2F', ({ kv }) => kv.keys('a/', { separator: '/' })],
  ['PUT /v1/kv/a?flags=18446744073709551615&cas=0', ({ kv }) => kv.put('a', 'v', { flags: 2n ** 64n - 1n, cas: 0 })],
  ['PUT /v1/kv/a?acquire=s', ({ kv }) => kv.put('a', 'v', { acquire: 's' })],
  ['PUT /v1/kv/a?release=s', ({ kv }) => kv.put('a', 'v', { release: 's' })],
  ['DELETE /v1/kv/a?cas=4', ({ kv }) => kv.delete('a', { cas: 4 })],
  ['DELETE /v1/kv/a%2F?recurse', ({ kv }) => kv.deleteAll('a/')],

  ['PUT /v1/session/create', ({ session }) => session.create()],
  ['PUT /v1/session/destroy/s', ({ session }) => session.destroy('s')],
  ['PUT /v1/session/renew/s', ({ session }) => session.renew('s')],
  ['GET /v1/session/info/s', ({ session }) => session.info('s')],
  ['GET /v1/session/node/n', ({ session }) => session.node('n')],
  ['GET /v1/session/list', ({ session }) => session.list()],
  ['PUT /v1/txn', ({ txn }) => txn.run([{ KV: { Verb: 'get', Key: 'a' } }])],
  [
    'PUT /v1/event/fire/e?node=n&service=s&tag=t',
    ({ event }) => event.fire('e', { node: 'n', service: 's', tag: 't' }),
  ],
  ['GET /v1/event/list?name=e', ({ event }) => event.list({ name: 'e' })],

  ['POST /v1/query', ({ query }) => query.create({ Name: 'q' })],
  ['GET /v1/query', ({ query }) => query.list()],
  ['GET /v1/query/q', ({ query }) => query.get('q')],
  ['PUT /v1/query/q', ({ query }) => query.update('q', { Name: 'q' })],
  ['DELETE /v1/query/q', ({ query }) => query.delete('q')],
  [
    'GET /v1/query/q/execute?limit=3&near=n&connect=true',
    ({ query }) => query.execute('q', { limit: 3, near: 'n', connect: true }),
  ],
  ['GET /v1/query/q/explain', ({ query }) => query.explain('q')],

  ['GET /v1/status/leader', ({ status }) => status.leader()],
  ['GET /v1/status/peers', ({ status }) => status.peers()],
  ['GET /v1/coordinate/datacenters', ({ coordinate }) => coordinate.datacenters()],
  ['GET /v1/coordinate/nodes', ({ coordinate }) => coordinate.nodes()],
  ['GET /v1/coordinate/node/n', ({ coordinate }) => coordinate.node('n')],
  ['PUT /v1/coordinate/update', ({ coordinate }) => coordinate.update({ Node: 'n' })],

  ['PUT /v1/config?cas=1', ({ config }) => config.set({ Kind: 'k', Name: 'n' }, { cas: 1 })],
  ['GET /v1/config/k/n', ({ config }) => config.get('k', 'n')],
  ['GET /v1/config/k', ({ config }) => config.list('k')],
  ['DELETE /v1/config/k/n', ({ config }) => config.delete('k', 'n')],
  [
    'GET /v1/discovery-chain/a?compile-dc=dc2',
    ({ discoveryChain }) => discoveryChain.compile('a', { compileDatacenter: 'dc2' }),
  ],
  ['POST /v1/discovery-chain/a', ({ discoveryChain }) => discoveryChain.compileWith('a', { OverrideProtocol: 'http' })],
  ['GET /v1/connect/intentions', ({ intentions }) => intentions.list()],
  ['POST /v1/connect/intentions', ({ intentions }) => intentions.create({ SourceName: 'a', DestinationName: 'b' })],
  ['GET /v1/connect/intentions/exact?source=a&destination=b', ({ intentions }) => intentions.get('a', 'b')],
  [
    'PUT /v1/connect/intentions/exact?source=a&destination=b',
    ({ intentions }) => intentions.put('a', 'b', { Action: 'deny' }),
  ],
  ['DELETE /v1/connect/intentions/exact?source=a&destination=b', ({ intentions }) => intentions.delete('a', 'b')],
  ['GET /v1/connect/intentions/check?source=a&destination=b', ({ intentions }) => intentions.check('a', 'b')],
  [
    'GET /v1/connect/intentions/match?by=source&name=a&name=b',
    ({ intentions }) => intentions.match('source', ['a', 'b']),
  ],
  ['GET /v1/connect/intentions/i', ({ intentions }) => intentions.getById('i')],
  [
    'PUT /v1/connect/intentions/i',
    ({ intentions }) => intentions.updateById('i', { SourceName: 'a', DestinationName: 'b' }),
  ],
  ['DELETE /v1/connect/intentions/i', ({ intentions }) => intentions.deleteById('i')],
  ['GET /v1/connect/ca/roots', ({ connect }) => connect.roots()],
  ['GET /v1/connect/ca/configuration', ({ connect }) => connect.configuration()],
  ['PUT /v1/connect/ca/configuration', ({ connect }) => connect.configure({ Provider: 'consul', Config: {} })],
  ['GET /v1/agent/connect/ca/roots', ({ connect }) => connect.agentRoots()],
  ['GET /v1/agent/connect/ca/leaf/a', ({ connect }) => connect.leaf('a')],
  [
    'POST /v1/agent/connect/authorize',
    ({ connect }) => connect.authorize({ Target: 'a', ClientCertURI: 'spiffe://x', ClientCertSerial: '01' }),
  ],

  ['PUT /v1/acl/bootstrap', ({ acl }) => acl.bootstrap()],
  ['POST /v1/acl/login', ({ acl }) => acl.login({ AuthMethod: 'm', BearerToken: 'b' })],
  ['POST /v1/acl/logout', ({ acl }) => acl.logout()],
  ['GET /v1/acl/token/self', ({ acl }) => acl.tokens.self()],
  ['PUT /v1/acl/token/t/clone', ({ acl }) => acl.tokens.clone('t')],
  ['GET /v1/acl/tokens', ({ acl }) => acl.tokens.list()],
  ['PUT /v1/acl/token', ({ acl }) => acl.tokens.create({ Description: 'd' })],
  ['PUT /v1/acl/policy/p', ({ acl }) => acl.policies.update('p', { Name: 'n' })],
  ['GET /v1/acl/policy/name/n', ({ acl }) => acl.policies.getByName('n')],
  ['GET /v1/acl/policies', ({ acl }) => acl.policies.list()],
  ['GET /v1/acl/role/r', ({ acl }) => acl.roles.get('r')],
  ['GET /v1/acl/role/name/n', ({ acl }) => acl.roles.getByName('n')],
  ['GET /v1/acl/auth-methods', ({ acl }) => acl.authMethods.list()],
  ['DELETE /v1/acl/binding-rule/b', ({ acl }) => acl.bindingRules.delete('b')],

  ['GET /v1/snapshot?stale', ({ snapshot }) => snapshot.save({ stale: true })],
  ['PUT /v1/snapshot', ({ snapshot }) => snapshot.restore(Buffer.from('x'))],
  ['GET /v1/operator/raft/configuration', ({ operator }) => operator.raftConfiguration()],
  ['DELETE /v1/operator/raft/peer?id=x', ({ operator }) => operator.removePeer({ id: 'x' })],
  ['GET /v1/operator/autopilot/configuration', ({ operator }) => operator.autopilotConfiguration()],
  ['PUT /v1/operator/autopilot/configuration?cas=2', ({ operator }) => operator.configureAutopilot({}, { cas: 2 })],
  ['GET /v1/operator/autopilot/health', ({ operator }) => operator.autopilotHealth()],
  ['GET /v1/operator/autopilot/state', ({ operator }) => operator.autopilotState()],
  ['GET /v1/operator/keyring', ({ operator }) => operator.keyring()],
  ['POST /v1/operator/keyring', ({ operator }) => operator.installKey('k')],
  ['PUT /v1/operator/keyring', ({ operator }) => operator.useKey('k')],
  ['DELETE /v1/operator/keyring', ({ operator }) => operator.removeKey('k')],
  ['GET /v1/operator/usage?global', ({ operator }) => operator.usage({ global: true })],
  ['GET /v1/sync', ({ sync }) => sync.report()],
  ['GET /v1/sync/owner/a%2Fb', ({ sync }) => sync.owner('a/b')],
  ['GET /v1/sync/explain/web?dc=dc2', ({ sync }) => sync.explain('web', { datacenter: 'dc2' })],
];

test.each(CALLS)('%s', async (line, call) => {
  seen = [];
  await expect(call(client)).rejects.toMatchObject({ code: 'INTERNAL', message: 'noted' });
  expect(seen).toEqual([line]);
});

test('every path and method that our agents serve is reached', () => {
  const router = new Router(allRoutes(false));
  const reached = new Set(
    CALLS.map(([line]) => {
      const [method = '', target = ''] = line.split(' ');
      const match = router.find(decodeURIComponent(target.replace(/\?.*/, '')), '');
      return match.type === 'route' ? `${method} ${match.route.path}` : `${line} is served by nobody`;
    }),
  );
  const served = allRoutes(false)
    .filter(({ path }) => path.startsWith('/v1/'))
    .flatMap(({ path, methods }) => Object.keys(methods).map((method) => `${method} ${path}`));
  const CATCH_ALL = /\{rest\}|discovery-chain/;
  const OWN = /\/v1\/(internal|watch|openapi)/;
  expect(served.filter((route) => !reached.has(route) && !OWN.test(route) && !CATCH_ALL.test(route))).toEqual([]);
  expect([...reached].filter((route) => route.includes('nobody'))).toEqual([]);
});
