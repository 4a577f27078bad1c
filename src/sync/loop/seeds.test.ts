import { beforeEach, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { silentLogger, type NetworkAddress } from '../../runtime/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { Seeds } from './seeds.js';

let clock: FakeClock;
let dialled: string[];
let warned: object[];
let up: Set<string>;
let met: Set<string>;
let names: Map<string, string[]>;
beforeEach(() => {
  clock = new FakeClock();
  dialled = [];
  warned = [];
  up = new Set();
  met = new Set();
  names = new Map();
});

const text = ({ host, port }: NetworkAddress): string => `${host}:${port}`;

function seeds(...given: string[]): Seeds {
  return new Seeds({
    seeds: given.map((host) => ({ host, port: 1 })),
    clock,
    random: seededRandom(1),
    logger: { ...silentLogger, warn: (fields) => void warned.push(fields) },
    lookup: async ({ host, port }) => {
      const found = names.get(host) ?? (/^\d/.test(host) ? [host] : undefined);
      if (!found) throw new Error(`there is no ${host}`);
      return found.map((one) => ({ host: one, port }));
    },
    isMet: (address) => met.has(text(address)),
    reach: async (address) => {
      dialled.push(text(address));
      if (address.host === '10.0.0.99') throw refused('self');
      if (!up.has(address.host)) throw new ServiceDiscoveryError('UNAVAILABLE', 'nobody answers');
      return 'somebody';
    },
  });
}

const refused = (code: string) =>
  new ServiceDiscoveryError('CONFLICT', code, {
    details: { evidence: 'closed', by: 'us', refusal: { code, reason: '' } },
  });

test('who is not up yet is tried until it is', async () => {
  const it = seeds('10.0.0.1');
  it.start();
  await clock.advance(60_000);
  expect(dialled.length).toBeGreaterThan(10);
  up.add('10.0.0.1');
  await clock.advance(5_000);
  const count = dialled.length;
  await clock.advance(60_000);
  expect([dialled.length, clock.pending]).toEqual([count, 0]);
});

test('a name is all its addresses, each looked for until it is met, and looked up anew', async () => {
  names.set('agents', ['10.0.0.1', '10.0.0.2']);
  up.add('10.0.0.1');
  const it = seeds('agents');
  it.start();
  await clock.advance(2_000);
  expect(dialled.filter((address) => address === '10.0.0.1:1')).toHaveLength(1);
  names.set('agents', ['10.0.0.1', '10.0.0.3']);
  up.add('10.0.0.3');
  await clock.advance(5_000);
  expect(dialled.at(-1)).toBe('10.0.0.3:1');
  expect(clock.pending).toBe(0);
});

test('we are no stranger to ourselves, and whoever is connected needs no second visit', async () => {
  met.add('10.0.0.2:1');
  const it = seeds('10.0.0.99', '10.0.0.2');
  it.start();
  await clock.advance(60_000);
  expect(dialled).toEqual(['10.0.0.99:1']);
});

test('when nobody is connected any more everybody is looked for again, ourselves excepted, and not all the time', async () => {
  up.add('10.0.0.1');
  const it = seeds('10.0.0.99', '10.0.0.1');
  it.start();
  await clock.advance(1_000);
  for (let i = 0; i < 100; i++) {
    it.restart();
    await clock.advance(100);
  }
  expect(dialled.filter((address) => address === '10.0.0.99:1')).toHaveLength(1);
  expect(dialled.filter((address) => address === '10.0.0.1:1').length).toBeLessThanOrEqual(4);
});

test('a seed of which nobody answers is told after a while, and now and then', async () => {
  const it = seeds('nowhere', '10.0.0.1');
  it.start();
  await clock.advance(2_900);
  expect(warned).toEqual([]);
  await clock.advance(56_000);
  expect(warned).toEqual([
    { address: 'nowhere:1', reason: 'there is no nowhere' },
    { address: '10.0.0.1:1', reason: 'nobody answers' },
  ]);
  await clock.advance(65_000);
  expect(warned).toHaveLength(4);
  it.close();
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test('one address of a name that does not answer is no news while another one does', async () => {
  names.set('localhost', ['10.0.0.1', '10.0.0.2']);
  up.add('10.0.0.1');
  const it = seeds('localhost');
  it.start();
  await clock.advance(120_000);
  expect(warned).toEqual([]);
  expect(dialled.filter((address) => address === '10.0.0.1:1')).toHaveLength(1);
  it.restart();
  await clock.advance(10_000);
  expect(dialled.filter((address) => address === '10.0.0.1:1')).toHaveLength(2);
  it.close();
});
