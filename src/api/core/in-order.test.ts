import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import { InOrder } from './in-order.js';

class FakeSocket {
  destroyed = false;
  paused = false;
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  isPaused(): boolean {
    return this.paused;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Works by name: `begin` notes it, `end(name)` lets it finish. */
function line() {
  const fake = new FakeSocket();
  const socket = fake as unknown as Socket;
  const order = new InOrder();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string): void =>
    order.take(socket, () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await settle();
  };
  return { fake, socket, order, begun, begin, end };
}

test('one after another on a connection, however they come', async () => {
  const { begun, begin, end, order, socket } = line();
  begin('a');
  begin('b');
  order.take(socket, () => void begun.push('done at once'));
  begin('c');
  expect(begun).toEqual(['a']);
  await end('a');
  expect(begun).toEqual(['a', 'b']);
  await end('b');
  expect(begun).toEqual(['a', 'b', 'done at once', 'c']);
  await end('c');
  await settle();
  begin('d');
  expect(begun.at(-1)).toBe('d');
});

test('other connections do not wait', () => {
  const { order, begin, begun } = line();
  begin('a');
  order.take(new FakeSocket() as unknown as Socket, () => void begun.push('other'));
  expect(begun).toEqual(['a', 'other']);
});

test('a connection that is gone gets nothing more done', async () => {
  const { fake, begun, begin, end } = line();
  begin('a');
  begin('b');
  fake.destroyed = true;
  await end('a');
  expect(begun).toEqual(['a']);
});

test('a client far ahead is not read from until the line is empty', async () => {
  const { fake, begin, end, begun } = line();
  const names = Array.from({ length: limits.pipelinedRequests + 1 }, (_, i) => `r${i}`);
  for (const name of names) begin(name);
  expect(fake.paused).toBe(true);
  for (const name of names.slice(0, -1)) await end(name);
  expect([begun.at(-1), fake.paused]).toEqual([names.at(-1), false]);
});
