/** Many clients at once, mixing writes of every kind: what they leave is one state, and every view of it agrees. */
import { Pool } from 'undici';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { http, httpJson } from '../support/http.js';
import { useAgents } from '../support/use-agents.js';

const agents = useAgents();
const CLIENTS = 64;
const FOR_MS = 3_000;

interface Instance {
  readonly ServiceID: string;
  readonly ServicePort: number;
  readonly ModifyIndex: number;
}

test('64 clients write for a while: agent, catalog, health, keys and counts say the same, also after a restart', async () => {
  const dataDir = agents.path('data');
  const agent = await agents.start({ dataDir });
  const dispatcher = new Pool(agent.origin, { connections: CLIENTS });
  const call = (line: string, body?: unknown): ReturnType<typeof http> =>
    http(agent.origin, line, body, { dispatcher });
  const seed = Math.floor(Math.random() * 2 ** 31);
  /** Port of each instance as its one writer knows it; undefined: gone. */
  const instances = new Map<string, number | undefined>();
  const keys = new Map<string, string | undefined>();
  let increments = 0;
  let locks = 0;
  const refused: string[] = [];
  const ok = async (line: string, body?: unknown): Promise<string> => {
    const { status, text } = await call(line, body);
    if (status !== 200) refused.push(`${line}: ${status} ${text}`);
    return text;
  };

  /** Read, add one, write if nobody else did: no increment may be lost. */
  const increment = async (): Promise<void> => {
    const [row] = JSON.parse(await ok('GET /v1/kv/counter')) as { ModifyIndex: number; Value: string }[];
    const next = Number(Buffer.from(row?.Value ?? '', 'base64').toString()) + 1;
    if ((await ok(`PUT /v1/kv/counter?cas=${row?.ModifyIndex}`, `${next}`)) === 'true') increments++;
  };
  const lock = async (): Promise<void> => {
    const { ID } = JSON.parse(await ok('PUT /v1/session/create', { LockDelay: '0s' })) as { ID: string };
    if ((await ok(`PUT /v1/kv/lock?acquire=${ID}`, ID)) === 'true') {
      locks++;
      const [row] = JSON.parse(await ok('GET /v1/kv/lock')) as { Session: string }[];
      expect(row?.Session).toBe(ID);
      expect(await ok(`PUT /v1/kv/lock?release=${ID}`)).toBe('true');
    }
    await ok(`PUT /v1/session/destroy/${ID}`);
  };

  await ok('PUT /v1/kv/counter', '0');
  const until = performance.now() + FOR_MS;
  const client = async (n: number): Promise<void> => {
    const random = seededRandom(seed + n);
    while (performance.now() < until) {
      const id = `${n}-${Math.floor(random.next() * 4)}`;
      const choice = random.next();
      if (choice < 0.4) {
        const port = Math.floor(random.next() * 65_536);
        const body = { ID: id, Name: `service-${n % 8}`, Port: port, Check: { TTL: '1h', Status: 'passing' } };
        await ok('PUT /v1/agent/service/register', body);
        instances.set(id, port);
      } else if (choice < 0.55 && instances.get(id) !== undefined) {
        await ok(`PUT /v1/agent/service/deregister/${id}`);
        instances.set(id, undefined);
      } else if (choice < 0.7) {
        const value = `${random.next()}`;
        await ok('PUT /v1/txn', [
          { KV: { Verb: 'set', Key: `k/${id}/a`, Value: Buffer.from(value).toString('base64') } },
          { KV: { Verb: 'set', Key: `k/${id}/b`, Value: Buffer.from(value).toString('base64') } },
        ]);
        keys.set(`k/${id}`, value);
      } else if (choice < 0.75) {
        await ok(`DELETE /v1/kv/k/${id}/?recurse`);
        keys.delete(`k/${id}`);
      } else if (choice < 0.85) await increment();
      else if (choice < 0.9) await lock();
      else await ok(`GET /v1/health/service/service-${n % 8}?passing`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  await dispatcher.close();
  expect(refused, `seed ${seed}`).toEqual([]);
  expect(increments).toBeGreaterThan(10);
  expect(locks).toBeGreaterThan(5);

  const expected = new Map([...instances].filter(([, port]) => port !== undefined));
  const consistent = async (origin: string): Promise<void> => {
    const local = await httpJson<Record<string, { Port: number }>>(origin, 'GET /v1/agent/services');
    expect(new Map(Object.entries(local).map(([id, { Port }]) => [id, Port])), `seed ${seed}`).toEqual(expected);
    const catalog = new Map<string, number>();
    const healthy = new Map<string, number>();
    for (let i = 0; i < 8; i++) {
      const rows = await httpJson<Instance[]>(origin, `GET /v1/catalog/service/service-${i}`);
      for (const row of rows) catalog.set(row.ServiceID, row.ServicePort);
      const nodes = await httpJson<{ Service: { ID: string; Port?: number } }[]>(
        origin,
        `GET /v1/health/service/service-${i}?passing`,
      );
      for (const { Service } of nodes) healthy.set(Service.ID, Service.Port ?? 0);
    }
    expect(catalog, `seed ${seed}`).toEqual(expected);
    expect(healthy, `seed ${seed}`).toEqual(expected);
    const checks = await httpJson<object>(origin, 'GET /v1/agent/checks');
    expect(Object.keys(checks).toSorted()).toEqual([...expected.keys()].map((id) => `service:${id}`).toSorted());
    expect((await http(origin, 'GET /v1/kv/counter?raw')).text).toBe(String(increments));
    const rows = await httpJson<{ Key: string; Value: string }[]>(origin, 'GET /v1/kv/k/?recurse');
    const pairs = [...keys].flatMap(([key, value]) => [
      [`${key}/a`, value],
      [`${key}/b`, value],
    ]);
    expect(new Map(rows.map(({ Key, Value }) => [Key, Buffer.from(Value, 'base64').toString()]))).toEqual(
      new Map(pairs as [string, string][]),
    );
    expect(await httpJson<object[]>(origin, 'GET /v1/session/list')).toEqual([]);
  };
  await consistent(agent.origin);
  await agent.stop('SIGKILL');
  const again = await agents.start({ dataDir });
  await consistent(again.origin);
  expect(agent.log() + again.log()).toBe('');
});
