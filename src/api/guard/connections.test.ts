import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { HttpCounters } from '../counters.js';
import { connectionsAllowed, ConnectionLimit } from './connections.js';

class FakeSocket extends EventEmitter {
  sent = '';
  constructor(readonly remoteAddress: string | undefined) {
    super();
  }
  end(text: string): void {
    this.sent += text;
  }
  destroySoon(): void {}
}

const open = (limit: ConnectionLimit, address: string | undefined) => {
  const socket = new FakeSocket(address);
  return { socket, admitted: limit.admit(socket as unknown as Socket) };
};

describe('connections of one client', () => {
  test('beyond the limit are answered 429 and closed, until others close', () => {
    const counters = new HttpCounters();
    const limit = new ConnectionLimit(2, counters);
    const [first] = [open(limit, '10.0.0.1'), open(limit, '10.0.0.1')];
    const third = open(limit, '10.0.0.1');
    expect(third.admitted).toBe(false);
    expect(third.socket.sent).toMatch(/^HTTP\/1\.1 429 [\s\S]*too many concurrent connections/);
    expect(open(limit, '10.0.0.2').admitted).toBe(true);
    first?.socket.emit('close');
    expect(open(limit, '10.0.0.1').admitted).toBe(true);
    expect([counters.connections, counters.refusedConnections]).toEqual([3, 1]);
  });

  test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', undefined])('%s is not limited', (address) => {
    const limit = new ConnectionLimit(1, new HttpCounters());
    expect([1, 2, 3].map(() => open(limit, address).admitted)).toEqual([true, true, true]);
  });
});

test('never more in all than there are descriptors', () => {
  expect(connectionsAllowed(1)).toBe(1);
  expect(connectionsAllowed(Number.MAX_SAFE_INTEGER)).toBeGreaterThan(0);
});
