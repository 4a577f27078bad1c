import { expect, test } from 'vitest';
import type { Message } from '../messages.js';
import type { Send } from '../step/types.js';
import { Outbox } from './outbox.js';

const send = (to: string, message: Message = { type: 'ping' }): Send => ({ to, message, priority: 'control' });
const delta = { type: 'delta' } as Message;

function outbox() {
  const sent: string[] = [];
  return { sent, it: new Outbox(({ to }) => sent.push(to)) };
}

test('while the disk writes, nothing is said; then everything, in order', async () => {
  const { sent, it } = outbox();
  it.push([send('1')]);
  let written: (() => void) | undefined;
  it.holdFor(new Promise<void>((resolve) => (written = resolve)));
  it.holdFor(Promise.resolve());
  it.push([send('2'), send('3')]);
  await Promise.resolve();
  it.push([send('4')]);
  expect(sent).toEqual(['1']);
  written?.();
  await Promise.resolve();
  expect(sent).toEqual(['1', '2', '3', '4']);
  it.push([send('5')]);
  expect(sent.at(-1)).toBe('5');
});

test('what is said by another way can wait for it too', async () => {
  const { it } = outbox();
  await it.unheld();
  let written: (() => void) | undefined;
  it.holdFor(new Promise<void>((resolve) => (written = resolve)));
  const order: string[] = [];
  const free = it.unheld().then(() => order.push('free'));
  await Promise.resolve();
  order.push('written');
  written?.();
  await free;
  expect(order).toEqual(['written', 'free']);
});

test('a disk that stands still costs deltas, which are pulled again, and not memory', async () => {
  const { sent, it } = outbox();
  it.holdFor(new Promise(() => {}));
  it.push([send('delta', delta)]);
  for (let i = 0; i < 10_000; i++) it.push([send('other')]);
  expect(it.dropped).toBe(1);
  for (let i = 0; i < 10; i++) it.push([send('more')]);
  expect(it.dropped).toBe(11);
  expect(sent).toEqual([]);
});
