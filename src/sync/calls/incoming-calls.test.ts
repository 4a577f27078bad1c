import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServiceDiscoveryError, type RegistryCommands } from '../../model/index.js';
import type { AnswerMessage } from '../messages.js';
import { IncomingCalls, type IncomingCallsOptions } from './incoming-calls.js';

const position = { stream: 'a', inc: 1, ver: 1 };

function incoming(commands: Partial<RegistryCommands>, options: Partial<IncomingCallsOptions> = {}) {
  const answers: AnswerMessage[] = [];
  const calls = new IncomingCalls({
    commands: commands as RegistryCommands,
    send: (_, message) => void answers.push(message),
    unheld: async () => {},
    known: async () => {},
    refuse: () => {},
    seen: () => [position],
    ...options,
  });
  const ask = async (method: string, args: unknown): Promise<AnswerMessage | undefined> => {
    await calls.take('b', { type: 'call', id: 7, method, args });
    return answers.pop();
  };
  return { calls, answers, ask };
}

const write = { key: 'k', value: '', flags: 0n, mode: { type: 'set' } };
const args = { token: 't', needs: [], body: write };

test('a command is executed with the token of whoever asked, and answered with where it can be seen', async () => {
  const said: unknown[] = [];
  const { ask } = incoming({
    kvPut: async (...given) => {
      said.push(given);
      return true;
    },
  });
  expect(await ask('kvPut', args)).toEqual({ type: 'answer', id: 7, ok: true, value: true, seen: [position] });
  expect(said).toEqual([[write, { token: 't' }]]);
});

test('nothing is executed that is not on the list', async () => {
  const { ask } = incoming({ registerService: async () => {}, close: async () => {} } as Partial<RegistryCommands>);
  for (const method of ['registerService', 'close', 'constructor', '__proto__', 'toString', '']) {
    expect(await ask(method, args)).toMatchObject({ ok: false, value: { code: 'UNSUPPORTED' } });
  }
});

test('what the caller had done before is known first; whether we may decide is asked last', async () => {
  const order: string[] = [];
  const { ask } = incoming(
    {
      kvPut: async () => {
        order.push('executed');
        return true;
      },
    },
    {
      known: async (needs) => void order.push(`known ${needs.length}`),
      refuse: ({ family }) => void order.push(`may ${family}`),
    },
  );
  await ask('kvPut', { ...args, needs: [position] });
  expect(order).toEqual(['known 1', 'may state', 'executed']);
});

test('a refusal and an error are answers too', async () => {
  const refused = incoming(
    {},
    {
      refuse: () => {
        throw new ServiceDiscoveryError('NOT_READY', 'No cluster leader');
      },
    },
  );
  expect(await refused.ask('kvPut', args)).toMatchObject({ ok: false, value: { code: 'NOT_READY' }, seen: [] });
  const broken = incoming({ kvPut: () => Promise.reject(new TypeError('a bug')) });
  expect(await broken.ask('kvPut', args)).toMatchObject({ ok: false, value: { code: 'INTERNAL', message: 'a bug' } });
});

test('an answer that is too long becomes one that says so', async () => {
  const answers: AnswerMessage[] = [];
  const { calls } = incoming(
    { kvPut: async () => true },
    {
      send: (_, message) => {
        if (message.ok) throw new ServiceDiscoveryError('TOO_LARGE', 'a message of 2 MB');
        answers.push(message);
      },
    },
  );
  await calls.take('b', { type: 'call', id: 7, method: 'kvPut', args });
  expect(answers).toMatchObject([{ id: 7, ok: false, value: { code: 'TOO_LARGE' } }]);
});

test('one peer cannot have more than so many executed at once', async () => {
  let release: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const { calls, answers } = incoming({ kvPut: () => gate.then(() => true) });
  const waiting = Array.from({ length: 1_000 }, (_, id) =>
    calls.take('b', { type: 'call', id, method: 'kvPut', args }),
  );
  await calls.take('b', { type: 'call', id: 1_000, method: 'kvPut', args });
  expect(answers).toMatchObject([{ id: 1_000, ok: false, value: { code: 'RATE_LIMITED' } }]);
  const other = calls.take('c', { type: 'call', id: 1, method: 'kvPut', args });
  release?.();
  await Promise.all([...waiting, other]);
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1_001);
});

test('whatever is asked, there is one answer and no other harm', async () => {
  const { ask, answers } = incoming({});
  const method = fc.constantFrom(
    'kvPut',
    'transaction',
    'createSession',
    'updateQuery',
    'fresh',
    'registerCatalog',
    'x',
  );
  const body = fc.anything({ withBigInt: true, withNullPrototype: true });
  const any = fc.oneof(body, fc.record({ token: fc.constant(''), needs: fc.constant([]), body }));
  await fc.assert(
    fc.asyncProperty(method, any, async (name, given) => {
      expect(await ask(name, given)).toMatchObject({ type: 'answer', id: 7 });
      expect(answers).toEqual([]);
    }),
  );
});
