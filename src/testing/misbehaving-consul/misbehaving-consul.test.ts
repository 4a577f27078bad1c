import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { createMisbehavingConsul } from './misbehaving-consul.js';

const entry = { Node: { Node: 'n1', Address: '10.0.0.1' }, Service: { ID: 'api', Service: 'api', Port: 80 } };

interface Reply {
  readonly status: number;
  readonly index: string | undefined;
  readonly body: string;
}

function get(url: string, timeoutMs = 5_000): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const out = httpRequest(url, { agent: false, timeout: timeoutMs }, (message) => {
      let body = '';
      message.setEncoding('utf8');
      message.on('data', (part: string) => (body += part));
      message.on('error', reject);
      message.on('end', () =>
        resolve({
          status: message.statusCode ?? 0,
          index: message.headers['x-consul-index'] as string | undefined,
          body,
        }),
      );
    });
    out.on('timeout', () => out.destroy(new Error('no answer')));
    out.on('error', reject);
    out.end();
  });
}

test('behaves, once calm', async () => {
  await using consul = await createMisbehavingConsul({ seed: 1, rate: 1 });
  consul.calm();
  consul.setService('api', [entry]);
  const url = `${consul.url}/v1/health/service/api`;
  const first = await get(url);
  expect(JSON.parse(first.body)).toEqual([entry]);
  const standing = get(`${url}?index=${first.index}&wait=4s`);
  consul.setService('api', []);
  expect(JSON.parse((await standing).body)).toEqual([]);
  expect((await get(`${url}?index=100000&wait=1ms`)).status).toBe(200);
  expect(consul.requests).toBe(3);
});

test.each([
  ['at-once', { status: 200, index: '101' }],
  ['same-index', { status: 200, index: '101' }],
  ['index-back', { status: 200, index: '50' }],
  ['index-zero', { status: 200, index: undefined }],
  ['space-change', { status: 200, index: '1' }],
  ['error', { status: 500 }],
  ['rate-limited', { status: 429 }],
] as const)('%s: answers at once', async (fault, expected) => {
  await using consul = await createMisbehavingConsul({ script: [fault] });
  consul.setService('api', [entry]);
  expect(await get(`${consul.url}/v1/health/service/api?index=101&wait=5m`)).toMatchObject(expected);
  expect(consul.faults.get(fault)).toBe(1);
});

test.each(['garbage', 'wrong-content'] as const)('%s: is no list of entries', async (fault) => {
  await using consul = await createMisbehavingConsul({ script: [fault] });
  const { body } = await get(`${consul.url}/v1/health/service/api`);
  expect(body.startsWith('[') && body.endsWith(']')).toBe(false);
});

test.each(['half-open', 'slow-drip', 'reset'] as const)('%s: never ends an answer', async (fault) => {
  await using consul = await createMisbehavingConsul({ script: [fault] });
  consul.setService('api', [entry]);
  const ended = get(`${consul.url}/v1/health/service/api`, 300).then(
    () => 'whole',
    () => 'cut',
  );
  const waited = new Promise((resolve) => void setTimeout(resolve, 600, 'cut'));
  expect(await Promise.race([ended, waited])).toBe('cut');
});

test('refused: nobody listens for a while', async () => {
  await using consul = await createMisbehavingConsul({ script: ['refused'], refusedMs: 200 });
  const url = `${consul.url}/v1/health/service/api`;
  await expect(get(url)).rejects.toThrow();
  for (let attempt = 0; ; attempt++) {
    const status = await get(url).then(
      (reply) => reply.status,
      () => 0,
    );
    if (status === 200) break;
    expect(attempt).toBeLessThan(200);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
});

test('frozen, answers not even a probe', async () => {
  await using consul = await createMisbehavingConsul({ script: [] });
  consul.freeze();
  await expect(get(consul.url, 200)).rejects.toThrow('no answer');
  consul.thaw();
  expect((await get(consul.url)).status).toBe(404);
});
