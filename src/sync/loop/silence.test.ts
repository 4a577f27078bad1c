import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { memberInfo } from '../../testing/member-world.js';
import { PeerConnectionDouble } from '../../testing/peer-connection-double.js';
import { Links } from './links.js';
import { endSilence } from './silence.js';

const nothing = (): void => {};

let clock: FakeClock;
let links: Links;
let connection: PeerConnectionDouble;
beforeEach(() => {
  clock = new FakeClock();
  links = new Links({ self: 'a', clock, connected: nothing, message: nothing, ended: nothing, over: nothing });
  connection = new PeerConnectionDouble(memberInfo('b'));
  links.adopt(connection);
});

async function pass(ms: number, receives: boolean): Promise<void> {
  for (let at = 0; at < ms; at += 50) {
    await clock.advance(50);
    if (receives) connection.receive({ type: 'ping' });
    endSilence(links, clock.now(), 0);
  }
}

test('who has nothing to say says so now and then, and is heard', async () => {
  await pass(60_000, true);
  expect(connection.sent.length).toBe(40);
  expect(connection.isDestroyed).toBe(false);
});

test('a connection that brings nothing for long enough is given up', async () => {
  await pass(4_950, false);
  expect(connection.isDestroyed).toBe(false);
  await pass(50, false);
  expect(connection.isDestroyed).toBe(true);
  expect(links.size).toBe(0);
});

test('our own sleep is nobody’s silence', () => {
  clock.stall(60_000);
  endSilence(links, clock.now(), 59_950);
  expect(connection.isDestroyed).toBe(false);
});
