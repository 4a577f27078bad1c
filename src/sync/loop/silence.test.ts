import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { memberInfo } from '../../testing/member-world.js';
import { PeerConnectionDouble } from '../../testing/peer-connection-double.js';
import { Links } from './links.js';
import { endSilence } from './silence.js';

const nothing = (): void => {};

let clock: FakeClock;
let links: Links;
let isDoubted: boolean;
let connection: PeerConnectionDouble;
beforeEach(() => {
  clock = new FakeClock();
  isDoubted = false;
  links = new Links({ self: 'a', clock, connected: nothing, message: nothing, ended: nothing, over: nothing });
  connection = new PeerConnectionDouble(memberInfo('b'));
  links.adopt(connection);
});

async function pass(ms: number, receives: boolean): Promise<void> {
  for (let at = 0; at < ms; at += 50) {
    await clock.advance(50);
    if (receives) connection.receive({ type: 'ping' });
    endSilence(links, clock.now(), 0, () => isDoubted);
  }
}

test('who has nothing to say says so now and then, and is heard', async () => {
  await pass(60_000, true);
  expect(connection.sent.length).toBe(10);
  expect(connection.isDestroyed).toBe(false);
});

test('a connection that brings nothing for long enough is given up', async () => {
  await pass(19_950, false);
  expect(connection.isDestroyed).toBe(false);
  await pass(50, false);
  expect(connection.isDestroyed).toBe(true);
  expect(links.size).toBe(0);
});

test('one to an agent that is doubted is given up sooner', async () => {
  isDoubted = true;
  await pass(4_950, false);
  expect(connection.isDestroyed).toBe(false);
  await pass(50, false);
  expect(connection.isDestroyed).toBe(true);
});

test('our own sleep is nobody’s silence', () => {
  clock.stall(60_000);
  endSilence(links, clock.now(), 59_950, () => false);
  expect(connection.isDestroyed).toBe(false);
});
