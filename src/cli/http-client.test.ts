import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../testing/loopback-server.js';
import { agentAddress } from './agent-address.js';
import { createAgentClient, route, type AgentClient } from './http-client.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function clientOf(serve: (request: IncomingMessage, response: ServerResponse) => void): Promise<AgentClient> {
  const server: Server = createServer(serve);
  const listening = await listenOnLoopback(server);
  const client = createAgentClient(await agentAddress({ httpAddr: listening.address, token: 's3cret' }, {}));
  closers.push(
    () => listening.close(),
    () => client.close(),
  );
  return client;
}

describe('a call', () => {
  test('sends token, query and JSON, and encodes what is in the path', async () => {
    const seen: string[] = [];
    const client = await clientOf((request, response) => {
      seen.push(`${request.method} ${request.url} ${String(request.headers['x-consul-token'])}`);
      response.end('true');
    });
    await client.put(route`/v1/kv/${'a/b c?'}`, {
      query: { cas: 0, recurse: true, absent: undefined, off: false, tag: ['x', 'y'] },
    });
    expect(seen).toEqual(['PUT /v1/kv/a%2Fb%20c%3F?cas=0&recurse=&tag=x&tag=y s3cret']);
  });

  test.each([
    [400, 'INVALID_ARGUMENT'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [409, 'CONFLICT'],
    [429, 'RATE_LIMITED'],
    [500, 'INTERNAL'],
    [501, 'UNSUPPORTED'],
  ])('a refusal with %i is %s, in the agent’s words', async (status, code) => {
    const client = await clientOf((_, response) => response.writeHead(status).end('Missing service name\n'));
    await expect(client.get('/v1/x')).rejects.toMatchObject({ code, message: 'Missing service name' });
  });

  test('statuses that are answers are not refusals', async () => {
    const client = await clientOf((_, response) => response.writeHead(404).end());
    expect((await client.call('GET', '/v1/kv/x', { accept: [404] })).status).toBe(404);
  });

  test('something that is no agent is told as such', async () => {
    const client = await clientOf((_, response) => response.end('<html>'));
    await expect(client.get('/v1/x')).rejects.toThrow(/not JSON/);
  });

  test('an agent that does not answer in time', async () => {
    const client = await clientOf(() => {});
    await expect(client.call('GET', '/v1/x', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('an agent that is not there', async () => {
    const gone = await listenOnLoopback(createServer());
    await gone.close();
    const client = createAgentClient(await agentAddress({ httpAddr: gone.address }, {}));
    closers.push(() => client.close());
    await expect(client.get('/v1/x')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(client.get('/v1/x')).rejects.toThrow(/connection refused/);
  });

  test('a caller that gives up', async () => {
    const client = await clientOf(() => {});
    const stop = new AbortController();
    const call = client.call('GET', '/v1/x', { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('following', () => {
  test('asks with the index it has, yields what is new, and starts again when the index goes backwards', async () => {
    const asked: string[] = [];
    const answers = [
      [7, '"a"'],
      [7, '"a"'],
      [9, '"b"'],
      [3, '"c"'],
      [3, '"c"'],
    ] as const;
    const client = await clientOf((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('index') ?? '');
      const [index, body] = answers[Math.min(asked.length, answers.length) - 1] as readonly [number, string];
      response.setHeader('x-consul-index', String(index)).end(body);
    });
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const value of client.follow<string>('/v1/x', {}, stop.signal)) {
      seen.push(value);
      if (seen.length === 4) break;
    }
    expect(seen).toEqual(['a', 'b', 'c', 'c']);
    expect(asked).toEqual(['0', '7', '7', '9', '0']);
  });
});
