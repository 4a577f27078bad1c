import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import type { AnswerMessage, Message } from '../messages.js';
import { OutgoingCalls, type CallArguments } from './outgoing-calls.js';

const args: CallArguments = { token: '', needs: [], body: null };
const seen = [{ stream: 'b', inc: 1, ver: 2 }];

const answer = (id: number, fields: Partial<AnswerMessage> = {}): AnswerMessage => ({
  type: 'answer',
  id,
  ok: true,
  value: null,
  seen: [],
  ...fields,
});

function calls(send: (message: Message) => boolean = () => true) {
  const clock = new FakeClock();
  const sent: { readonly id: number }[] = [];
  const outgoing = new OutgoingCalls({
    clock,
    send: (_, message) => {
      sent.push(message as Message & { readonly type: 'call' });
      return send(message);
    },
    timeoutMs: 1_000,
  });
  return { outgoing, clock, sent };
}

test('each answer goes to its own call, whatever the order', async () => {
  const { outgoing, sent } = calls();
  const first = outgoing.ask('b', 'kvPut', args);
  const second = outgoing.ask('b', 'kvPut', args);
  outgoing.answered('b', answer(sent[1]?.id ?? 0, { value: 'two', seen }));
  outgoing.answered('b', answer(sent[0]?.id ?? 0, { value: 'one' }));
  expect(await first).toEqual({ value: 'one', seen: [] });
  expect(await second).toEqual({ value: 'two', seen });
  expect(outgoing.size).toBe(0);
});

test('nobody but the one that was asked can answer, and once is enough', async () => {
  const { outgoing, sent } = calls();
  const call = outgoing.ask('b', 'kvPut', args);
  const id = sent[0]?.id ?? 0;
  outgoing.answered('c', answer(id, { value: 'forged' }));
  outgoing.answered('b', answer(id, { value: 'true' }));
  outgoing.answered('b', answer(id, { value: 'late' }));
  outgoing.answered('b', answer(99));
  expect((await call).value).toBe('true');
});

test('the error of the command is the error of the call', async () => {
  const { outgoing, sent } = calls();
  const call = outgoing.ask('b', 'kvPut', args);
  const value = { code: 'NOT_FOUND', message: 'Session id x not found', details: { status: 404 } };
  outgoing.answered('b', answer(sent[0]?.id ?? 0, { ok: false, value }));
  await expect(call).rejects.toMatchObject(value);
});

test('after its time, or with its connection, nobody knows how it ended', async () => {
  const { outgoing, clock } = calls();
  const slow = outgoing.ask('b', 'kvPut', args);
  slow.catch(() => {});
  await clock.advance(1_000);
  await expect(slow).rejects.toMatchObject({ code: 'TIMEOUT', details: { outcome: 'unknown' } });
  const cut = outgoing.ask('b', 'kvPut', args);
  const other = outgoing.ask('c', 'kvPut', args);
  outgoing.disconnected('b');
  await expect(cut).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { outcome: 'unknown' } });
  expect(outgoing.size).toBe(1);
  outgoing.close();
  await expect(other).rejects.toMatchObject({ code: 'CLOSED' });
  expect(clock.pending).toBe(0);
});

test('what was not sent was not done', async () => {
  const nobody = calls(() => false);
  await expect(nobody.outgoing.ask('b', 'kvPut', args)).rejects.toMatchObject({ details: { outcome: 'not asked' } });
  const tooLong = calls(() => {
    throw new RangeError('too long');
  });
  await expect(tooLong.outgoing.ask('b', 'kvPut', args)).rejects.toMatchObject({ code: 'INTERNAL' });
  expect([nobody.outgoing.size, tooLong.outgoing.size, nobody.clock.pending]).toEqual([0, 0, 0]);
});

test('so many and no more wait', async () => {
  const { outgoing } = calls();
  const waiting = Array.from({ length: 1_000 }, () => outgoing.ask('b', 'kvPut', args).catch(() => {}));
  await expect(outgoing.ask('b', 'kvPut', args)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  outgoing.close();
  await Promise.all(waiting);
});
