import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { topic } from '../model/index.js';
import type { CatalogView } from '../model/index.js';
import { CatalogWorld, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { FakeClock, settle } from '../testing/fake-clock.js';
import { FakeCluster } from '../testing/fake-cluster.js';
import { BlockingQueries } from './blocking.js';
import type { Reply } from './core/reply.js';
import { ReadSources } from './sources.js';

const web = (port: number) => serviceRow('n1', 'web-1', { service: 'web', port });
const WAIT = 16_000;

let world: CatalogWorld;
let clock: FakeClock;
let space: string;
let cluster: FakeCluster;
let sources: ReadSources;
let queries: BlockingQueries;
let answers: number[];
let client: EventEmitter;

beforeEach(() => {
  world = new CatalogWorld([nodeRow('n1'), web(1)]);
  clock = new FakeClock();
  space = 'a';
  // Half of the random extra of wait/16.
  cluster = new FakeCluster(world.catalog, () => space);
  sources = new ReadSources(world.catalog, cluster, () => space);
  queries = new BlockingQueries(clock, { next: () => 0.5 }, cluster);
  answers = [];
  client = new EventEmitter();
});

/** Asks for the service from an index on; the index of the answer is noted when it comes. */
function ask(minIndex: number, waitMs = WAIT, name = 'web', source = sources.local): Promise<Reply> {
  const read = (catalog: CatalogView) => {
    const view = catalog.serviceView(name);
    return { value: view, index: view.index, topic: topic.service(name) };
  };
  const done = queries.read(client as Socket, source, { minIndex, waitMs }, read, (answer) => {
    answers.push(answer.index);
    return { status: 200, headers: [] };
  });
  return Promise.resolve(done);
}

const indexNow = () => world.catalog.serviceView('web').index;

describe('a blocking read', () => {
  test('answers at once without an index, and when there is something newer', async () => {
    await ask(0);
    await ask(indexNow() - 1);
    expect(answers).toEqual([indexNow(), indexNow()]);
    expect(clock.pending).toBe(0);
  });

  test('waits for a change of what it reads, and for no other', async () => {
    const done = ask(indexNow());
    world.put(serviceRow('n1', 'other'));
    await settle();
    expect(answers).toEqual([]);
    world.put(web(2));
    await done;
    expect(answers).toEqual([indexNow()]);
    expect([clock.pending, queries.size]).toEqual([0, 0]);
  });

  test('answers with what there is when the time and its random extra are up', async () => {
    void ask(indexNow());
    await clock.advance(WAIT + WAIT / 32 - 1);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual([indexNow()]);
  });

  test('an index ahead of us waits, and then gives the real one', async () => {
    void ask(1_000_000);
    world.put(web(2));
    await settle();
    expect(answers).toEqual([]);
    await clock.advance(2 * WAIT);
    expect(answers).toEqual([indexNow()]);
  });

  test('a service that is not there wakes when it appears', async () => {
    const done = ask(world.catalog.serviceView('new').index, WAIT, 'new');
    world.put(serviceRow('n1', 'new'));
    await done;
    expect(answers).toEqual([world.catalog.serviceView('new').index]);
  });

  test('a client that leaves frees what waited for it', async () => {
    const done = ask(indexNow());
    client.emit('close');
    await expect(done).rejects.toMatchObject({ code: 'ABORTED' });
    expect([clock.pending, queries.size, client.listenerCount('close')]).toEqual([0, 0, 0]);
    expect(answers).toEqual([]);
  });

  test('a restore tells it that its index means nothing any more', async () => {
    const done = ask(1_000_000);
    space = 'b';
    world.put(web(2));
    await done;
    expect(answers).toEqual([indexNow()]);
  });

  test('closing answers all that wait, and what comes later at once', async () => {
    const waiting = [ask(indexNow()), ask(indexNow()), ask(indexNow(), WAIT, 'new')];
    queries.close();
    await Promise.all(waiting);
    await ask(indexNow());
    expect(answers).toHaveLength(4);
  });

  test('a wait that is over before it begins does not wait', async () => {
    await ask(indexNow(), 0);
    expect(answers).toHaveLength(1);
  });
});
