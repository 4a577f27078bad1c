/** An agent and everything around it that knows only IPv6. */
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer as createTcp } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOnLoopback, type LoopbackServer } from '../../src/testing/loopback-server.js';
import { datapunk, startAgent, type AgentProcess } from '../support/agent.js';
import { askTcp, askUdp, lines } from '../support/dns-ask.js';
import { http, httpJson } from '../support/http.js';

let agent: AgentProcess;
const targets: LoopbackServer[] = [];
const HEX = '00000000000000000000000000000001';

async function target(server: Parameters<typeof listenOnLoopback>[0]): Promise<LoopbackServer> {
  const listening = await listenOnLoopback(server, '::1');
  targets.push(listening);
  return listening;
}

/** gRPC's health service in its smallest form: SERVING, whatever is asked. */
function grpcHealthServer(): Http2Server {
  return createHttp2().on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]));
  });
}

beforeAll(async () => {
  agent = await startAgent({
    http: '[::1]:0',
    dns: '[::1]:0',
    config: { node_name: 'six', bind_addr: '::1', client_addr: '::1', advertise_addr: '::1' },
  });
});

afterAll(async () => {
  await agent?.stop();
  await Promise.all(targets.map((one) => one.close()));
});

test('the agent says where it is, in brackets', async () => {
  expect(agent.origin).toMatch(/^http:\/\/\[::1\]:\d+$/);
  const self = await httpJson<{ DebugConfig: Record<string, string[]>; Member: { Addr: string } }>(
    agent.origin,
    'GET /v1/agent/self',
  );
  expect(self.DebugConfig['DNSAddrs']).toContain(`udp://[::1]:${agent.dns.port}`);
  expect(self.Member.Addr).toBe('::1');
  expect(await httpJson(agent.origin, 'GET /v1/status/leader')).toBe('[::1]:8300');
});

test('an instance at ::1 is registered, checked in four ways, and found by HTTP, DNS and CLI', async () => {
  const web = await target(createHttp((_, response) => response.end('well')));
  const tcp = await target(createTcp((socket) => socket.end()));
  const grpc = await target(grpcHealthServer());
  const registered = await http(agent.origin, 'PUT /v1/agent/service/register', {
    ID: 'api-1',
    Name: 'api',
    Address: '::1',
    Port: web.port,
    Tags: ['v1'],
    Checks: [
      { CheckID: 'c:http', HTTP: `http://${web.address}/health`, Interval: '10s' },
      { CheckID: 'c:tcp', TCP: tcp.address, Interval: '10s' },
      { CheckID: 'c:grpc', GRPC: grpc.address, Interval: '10s' },
      { CheckID: 'c:ttl', TTL: '60s', Status: 'passing' },
    ],
  });
  expect([registered.status, registered.text]).toEqual([200, '']);

  const statuses = async (): Promise<string[]> => {
    const checks = await httpJson<Record<string, { Status: string; Output: string }>>(
      agent.origin,
      'GET /v1/agent/checks',
    );
    return Object.entries(checks).map(([id, { Status, Output }]) => `${id} ${Status} ${Output}`);
  };
  await expect
    .poll(statuses, { timeout: 5_000 })
    .toEqual([
      `c:http passing HTTP GET http://${web.address}/health: 200 OK Output: well`,
      `c:tcp passing TCP connect ${tcp.address}: Success`,
      `c:grpc passing gRPC check ${grpc.address}: success`,
      'c:ttl passing ',
    ]);

  const healthy = await httpJson<{ Service: { Address: string; Port: number }; Node: { Address: string } }[]>(
    agent.origin,
    'GET /v1/health/service/api?passing',
  );
  expect(healthy.map(({ Service, Node }) => [Service.Address, Service.Port, Node.Address])).toEqual([
    ['::1', web.port, '::1'],
  ]);

  for (const ask of [askUdp, askTcp]) {
    const aaaa = await ask(agent.dns, 'AAAA api.service.consul');
    expect(lines(aaaa.answers)).toEqual(['api.service.consul 0 AAAA ::1']);
    const srv = await ask(agent.dns, 'SRV v1.api.service.consul');
    expect(lines(srv.answers)).toEqual([`v1.api.service.consul 0 SRV 1 1 ${web.port} ${HEX}.addr.dc1.consul`]);
    expect(lines(srv.additionals)).toContain(`${HEX}.addr.dc1.consul 0 AAAA ::1`);
    // The name exists; an address of the other family does not.
    const a = await ask(agent.dns, 'A api.service.consul');
    expect([a.rcode, a.answers, a.authorities.map(({ type }) => type)]).toEqual([0, [], ['SOA']]);
    const ptr = await ask(agent.dns, `PTR ${HEX.split('').toReversed().join('.')}.ip6.arpa`);
    expect(lines(ptr.answers).map((line) => line.replace(/^\S+ /, ''))).toEqual(['0 PTR six.node.dc1.consul']);
    expect(lines((await ask(agent.dns, 'AAAA six.node.consul')).answers)).toEqual(['six.node.consul 0 AAAA ::1']);
  }

  const env = { CONSUL_HTTP_ADDR: new URL(agent.origin).host };
  const discovered = await datapunk(['discover', 'api'], { env });
  expect([discovered.code, discovered.stderr]).toEqual([0, '']);
  expect(discovered.stdout).toContain(`[::1]:${web.port}`);
  const dns = await datapunk(['dns', 'api', 'AAAA'], { env });
  expect([dns.code, dns.stderr]).toEqual([0, '']);
  expect(dns.stdout).toContain('::1');
  const reverse = await datapunk(['dns', '::1', '--http-addr', agent.origin], {});
  expect(reverse.stdout).toContain('six.node.dc1.consul');
  // One that is not given an address is found at its node's.
  const flags = ['--http-addr', `[::1]:${new URL(agent.origin).port}`];
  expect((await datapunk(['register', 'plain', '--port', '99', ...flags])).code).toBe(0);
  expect((await datapunk(['discover', 'plain', ...flags])).stdout).toContain('[::1]:99');
});

test('an instance that goes away is critical, and no longer found', async () => {
  const gone = await target(createTcp());
  await httpJson(agent.origin, 'PUT /v1/agent/service/register', {
    Name: 'gone',
    Address: '::1',
    Port: gone.port,
    Check: { TCP: gone.address, Interval: '1s', Timeout: '1s' },
  });
  const found = async (): Promise<number> =>
    (await httpJson<unknown[]>(agent.origin, 'GET /v1/health/service/gone?passing')).length;
  await expect.poll(found, { timeout: 5_000 }).toBe(1);
  await gone.close();
  await expect.poll(found, { timeout: 5_000 }).toBe(0);
  expect((await askUdp(agent.dns, 'AAAA gone.service.consul')).rcode).toBe(3);
});

test('[::] is taken as an address of everything, and said to be open', async () => {
  await using open = await startAgent({ http: '[::]:0', dns: '[::1]:0' });
  expect(open.addresses.get('HTTP')?.[0]).toMatch(/^\[::\]:\d+$/);
  const port = new URL(open.origin).port;
  for (const host of ['[::1]', '127.0.0.1']) {
    expect((await http(`http://${host}:${port}`, 'GET /livez')).status).toBe(200);
  }
  expect(open.log()).toContain('http.open_to_network_without_authentication');
});
