import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { CommandCaller } from './caller.js';

const mine = { stream: 'a', inc: 1, ver: 4 };
const seen = { stream: 'b', inc: 1, ver: 9 };

let order: unknown[];
let value: unknown;
let caller: CommandCaller;
beforeEach(() => {
  order = [];
  value = true;
  caller = new CommandCaller({
    clock: new FakeClock(),
    unheld: async () => void order.push('remembered'),
    calls: {
      ask: async (...given) => {
        order.push(given);
        return { value, seen: [seen] };
      },
    },
    own: () => [mine],
    known: async (needs, timeoutMs) => void order.push([needs, timeoutMs]),
  });
});

const body = { key: 'k', mode: { type: 'key' } } as const;

test('what this agent must not forget is written first; what it had done is known there, and what was done there is known here', async () => {
  expect(await caller.call('b', 'kvDelete', body, { token: 't' })).toBe(true);
  expect(order).toEqual(['remembered', ['b', 'kvDelete', { token: 't', needs: [mine], body }], [[seen], 10_000]]);
});

test('an answer that is none is a failure', async () => {
  value = { not: 'a boolean' };
  await expect(caller.call('b', 'kvDelete', body)).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'another agent answered kvDelete with something that is no answer',
  });
});
