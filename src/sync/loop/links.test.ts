import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { memberInfo } from '../../testing/member-world.js';
import { PeerConnectionDouble } from '../../testing/peer-connection-double.js';
import { Links } from './links.js';

let clock: FakeClock;
let told: string[];
let links: Links;
beforeEach(() => {
  clock = new FakeClock();
  told = [];
  links = linksOf('m');
});

function linksOf(self: string): Links {
  return new Links({
    self,
    clock,
    connected: ({ origin }) => told.push(`connected ${origin}`),
    message: (from, { type }) => told.push(`${from}: ${type}`),
    ended: ({ peer }, { evidence }) => told.push(`ended ${peer.origin} ${evidence}`),
    over: () => told.push('over'),
  });
}

const to = (origin: string, role: 'dialer' | 'acceptor', inc = 1) =>
  new PeerConnectionDouble(memberInfo(origin, { inc }), role);

test('a connection is told of, carries messages both ways, and ends', () => {
  const connection = to('b', 'dialer');
  links.adopt(connection);
  expect(links.send('b', { type: 'ping' }, 'control')).toBe(true);
  expect(links.send('c', { type: 'ping' }, 'control')).toBe(false);
  connection.receive({ type: 'ping' });
  connection.end({ evidence: 'reset', by: 'network' });
  expect(connection.sent).toEqual(['ping']);
  expect(told).toEqual(['connected b', 'b: ping', 'over', 'ended b reset']);
  expect(links.size).toBe(0);
});

describe('of two connections made at once', () => {
  test.each([
    ['b', 'dialer', 'acceptor', 'second'],
    ['b', 'acceptor', 'dialer', 'first'],
    ['z', 'dialer', 'acceptor', 'first'],
    ['z', 'acceptor', 'dialer', 'second'],
  ] as const)('to %s, first as %s, then as %s: the %s stays at both ends', (origin, first, second, kept) => {
    const connections = { first: to(origin, first), second: to(origin, second) };
    links.adopt(connections.first);
    expect(links.duplicate(connections.second.peer, second)?.code).toBe(kept === 'first' ? 'duplicate' : undefined);
    links.adopt(connections.second);
    expect(links.get(origin)?.connection).toBe(connections[kept]);
    expect(told).toEqual([`connected ${origin}`]);
  });

  test('the one that goes still brings what was sent on it before', async () => {
    const [lost, kept] = [to('b', 'dialer'), to('b', 'acceptor')];
    links.adopt(lost);
    links.adopt(kept);
    lost.receive({ type: 'ping' });
    links.send('b', { type: 'ping' }, 'control');
    expect([lost.sent, kept.sent]).toEqual([[], ['ping']]);
    expect(lost.closedWith).toBeUndefined();
    await clock.advance(1_000);
    expect(lost.closedWith?.code).toBe('duplicate');
    lost.end({ evidence: 'closed', by: 'us' });
    expect(told).toEqual(['connected b', 'b: ping', 'over']);
    expect(links.get('b')?.connection).toBe(kept);
  });
});

test('a peer that began another life has lost the connection of the one before', () => {
  const before = to('b', 'dialer');
  links.adopt(before);
  expect(links.duplicate(memberInfo('b', { inc: 2 }), 'acceptor')).toBeUndefined();
  links.adopt(to('b', 'acceptor', 2));
  expect(before.isDestroyed).toBe(true);
  expect(told).toEqual(['connected b', 'over', 'ended b closed', 'connected b']);
  expect(links.duplicate(memberInfo('b', { inc: 1 }), 'acceptor')?.code).toBe('duplicate');
});

test('who dials though we have a connection has lost its end of it', async () => {
  const stale = to('b', 'acceptor');
  links.adopt(stale);
  await clock.advance(10_000);
  expect(links.duplicate(memberInfo('b'), 'acceptor')).toBeUndefined();
  links.adopt(to('b', 'acceptor'));
  expect(stale.isDestroyed).toBe(true);
  expect(told).toEqual(['connected b', 'over', 'ended b closed', 'connected b']);
});

test('one that carries nothing any more is given up, and all are ended with a reason', () => {
  const [silent, other] = [to('b', 'dialer'), to('c', 'dialer')];
  links.adopt(silent);
  links.adopt(other);
  const link = links.get('b');
  if (link) links.giveUp(link);
  expect(silent.isDestroyed).toBe(true);
  expect(told.slice(2)).toEqual(['over', 'ended b timeout']);
  links.closeAll({ code: 'stopping', reason: 'stop' });
  expect(other.closedWith?.code).toBe('stopping');
});
