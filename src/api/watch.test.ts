import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiWorld } from '../testing/api-world.js';
import { nodeRow, serviceRow } from '../testing/catalog-world.js';

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({ rows: [nodeRow('n1')] });
});
afterAll(() => world.close());

interface Watch {
  readonly message: IncomingMessage;
  /** The next event, fields by name. */
  next(): Promise<Record<string, string>>;
  close(): void;
}

function watch(path: string, lastEventId = ''): Promise<Watch> {
  return new Promise((resolve, reject) => {
    const headers = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId };
    const out = get({ host: '127.0.0.1', port: world.port, path, headers, agent: false }, (message) => {
      let text = '';
      let more: (() => void) | undefined;
      message.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        more?.();
      });
      const next = async (): Promise<Record<string, string>> => {
        for (;;) {
          const end = text.indexOf('\n\n');
          if (end >= 0) {
            const event = text.slice(0, end);
            text = text.slice(end + 2);
            if (!event.startsWith(':')) return Object.fromEntries(event.split('\n').map(field));
            continue;
          }
          await new Promise<void>((resolve) => {
            more = resolve;
          });
        }
      };
      resolve({ message, next, close: () => out.destroy() });
    });
    out.on('error', reject);
  });
}

function field(line: string): [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}

const put = (service: string, port: number) => world.world.put(serviceRow('n1', service, { service, port }));
const ports = (event: Record<string, string>) =>
  (JSON.parse(event['data'] ?? '') as { Service: { Port: number } }[]).map((item) => item.Service.Port);

describe('a watch', () => {
  test('sends the full set at once and at every change of the service', async () => {
    put('w1', 1);
    const stream = await watch('/v1/watch/service/w1');
    expect(stream.message.headers['content-type']).toBe('text/event-stream');
    const first = await stream.next();
    expect(ports(first)).toEqual([1]);
    put('w1-other', 9);
    put('w1', 2);
    const second = await stream.next();
    expect(ports(second)).toEqual([2]);
    expect(second['id']).toBe(`${world.indexSpace}:${world.world.catalog.serviceView('w1').index}`);
    stream.close();
  });

  test('resumes: what the client has is not sent again', async () => {
    put('w2', 1);
    const first = await watch('/v1/watch/service/w2');
    const { id = '' } = await first.next();
    first.close();
    const resumed = await watch('/v1/watch/service/w2', id);
    put('w2', 2);
    expect(ports(await resumed.next())).toEqual([2]);
    resumed.close();
    const elsewhere = await watch('/v1/watch/service/w2', id.replace(/^1/, '9'));
    expect(ports(await elsewhere.next())).toEqual([2]);
    elsewhere.close();
  });

  test('takes the parameters of the read', async () => {
    put('w3', 1);
    const stream = await watch('/v1/watch/service/w3?filter=Service.Port==2');
    expect(ports(await stream.next())).toEqual([]);
    put('w3', 2);
    expect(ports(await stream.next())).toEqual([2]);
    stream.close();
    expect((await world.ask('/v1/watch/service/w3?filter=Bogus')).status).toBe(500);
  });

  test('ends when the server closes', async () => {
    const own = await ApiWorld.start({ rows: [nodeRow('n1')] });
    const outer = world;
    world = own;
    const stream = await watch('/v1/watch/service/w4');
    world = outer;
    await stream.next();
    const ended = new Promise((resolve) => void stream.message.once('end', resolve));
    await own.close();
    await ended;
  });
});
