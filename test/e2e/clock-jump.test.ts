/** The wall clock jumps, as after a suspended machine or a corrected date: time that was promised to nobody passes. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../src/testing/loopback-server.js';
import type { AgentProcess } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { useAgents } from '../support/use-agents.js';

const agents = useAgents();

/** Where Debian's package `faketime` puts the library that tells a process another time. */
const library = ((): string | undefined => {
  const root = '/usr/lib';
  const places = existsSync(root)
    ? readdirSync(root).map((name) => join(root, name, 'faketime/libfaketimeMT.so.1'))
    : [];
  return places.find((place) => existsSync(place));
})();

test('faketime is here where it must be', () => {
  if (process.env['CI'] === 'true') expect(library, 'faketime is not installed: run scripts/test-setup').toBeDefined();
});

describe.skipIf(library === undefined)(
  library === undefined ? 'faketime is not installed' : 'a jump of the wall clock',
  () => {
    test.each([
      ['ahead', '+400d'],
      ['back', '-400d'],
    ])('%s expires nothing and stops nothing', async (_, jump) => {
      const offset = agents.path('offset');
      const env = {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: offset,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      };
      writeFileSync(offset, '+0');
      const dataDir = agents.path('data');
      const agent = await agents.start({ dataDir, env });
      let probes = 0;
      const target = await listenOnLoopback(createServer((_request, response) => response.end(`probe ${++probes}`)));
      const left = await leases(agent, target.address);

      writeFileSync(offset, jump);
      const probed = probes;
      await delay(2_500);
      const year = new Date(Date.now() + (jump.startsWith('+') ? 400 : -400) * 86_400_000).getUTCFullYear();
      const date = (await http(agent.origin, 'GET /livez')).headers['date'];
      expect(new Date(String(date)).getUTCFullYear(), 'the agent did not see the jump').toBe(year);
      expect(await left()).toEqual({ ttl: 'passing', session: 1, critical: 1, acquired: 'false' });
      expect(probes).toBeGreaterThan(probed);
      expect(probes).toBeLessThan(probed + 8);
      // A wait takes the time it takes.
      const began = performance.now();
      const { headers } = await http(agent.origin, 'GET /v1/kv/lock');
      await http(agent.origin, `GET /v1/kv/lock?index=${String(headers['x-consul-index'])}&wait=500ms`);
      expect(performance.now() - began).toBeGreaterThan(400);
      expect(performance.now() - began).toBeLessThan(3_000);

      await agent.stop('SIGKILL');
      const again = await agents.start({ dataDir, env });
      expect(await httpJson<object[]>(again.origin, 'GET /v1/session/list')).toHaveLength(2);
      expect(await httpJson<object[]>(again.origin, 'GET /v1/health/service/leased?passing')).toHaveLength(1);
      expect(await again.stop()).toEqual({ code: 0, signal: null });
      await target.close();
    });
  },
);

/** One of everything that ends by the clock; returns how to see what is left of them. */
async function leases({ origin }: AgentProcess, target: string): Promise<() => Promise<object>> {
  const put = <T>(path: string, body?: unknown): Promise<T> => httpJson<T>(origin, `PUT ${path}`, body);
  await put('/v1/agent/service/register', { Name: 'leased', Check: { CheckID: 'ttl', TTL: '60s', Status: 'passing' } });
  await put('/v1/agent/check/register', { ID: 'probe', Name: 'probe', HTTP: `http://${target}/`, Interval: '1s' });
  await put('/v1/agent/service/register', {
    Name: 'critical',
    Check: { TTL: '1h', Status: 'critical', DeregisterCriticalServiceAfter: '1m' },
  });
  await put('/v1/session/create', { TTL: '60s' });
  const { ID: lost } = await put<{ ID: string }>('/v1/session/create', { LockDelay: '60s' });
  const { ID: next } = await put<{ ID: string }>('/v1/session/create', { LockDelay: '0s' });
  expect(await put(`/v1/kv/lock?acquire=${lost}`, 'x')).toBe(true);
  await put(`/v1/session/destroy/${lost}`);
  return async () => {
    const checks = await httpJson<{ ttl: { Status: string } }>(origin, 'GET /v1/agent/checks');
    const sessions = await httpJson<{ TTL: string }[]>(origin, 'GET /v1/session/list');
    const critical = await httpJson<object[]>(origin, 'GET /v1/health/service/critical');
    return {
      ttl: checks.ttl.Status,
      session: sessions.filter(({ TTL }) => TTL === '60s').length,
      critical: critical.length,
      // The delay after a lost lock is not over either.
      acquired: (await http(origin, `PUT /v1/kv/lock?acquire=${next}`, 'y')).text,
    };
  };
}
