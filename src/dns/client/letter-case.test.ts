import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, emptyQuery, encodeMessage } from '../index.js';
import type { ResourceRecord } from '../index.js';
import { decodeRestored, mixCase } from './letter-case.js';

const name = fc
  .array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,8}$/), { minLength: 1, maxLength: 5 })
  .map((labels) => labels.join('.'));

function queryOf(asked: string): Buffer {
  return encodeMessage({ ...emptyQuery, questions: [{ name: asked, type: 33, class: 1 }] });
}

test('only the case of letters changes, every letter now and then', () => {
  const plain = queryOf('abcdefghijklmnopqrstuvwxyz.service-1.consul');
  const seen = new Set<string>();
  for (let i = 0; i < 64; i++) {
    const mixed = Buffer.from(plain);
    mixCase(mixed);
    const [question] = decodeMessage(mixed).questions;
    expect(question?.name.toLowerCase()).toBe('abcdefghijklmnopqrstuvwxyz.service-1.consul');
    for (const letter of question?.name ?? '') seen.add(letter);
  }
  expect(
    Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ').filter((letter) => !seen.has(letter)),
  ).toEqual([]);
});

test('names that end like the question, pointed to or spelt out, get its letters back; others keep theirs', () => {
  fc.assert(
    fc.property(name, fc.array(name, { maxLength: 3 }), fc.nat(4), fc.boolean(), (asked, heads, kept, compress) => {
      const plain = queryOf(asked);
      const mixed = Buffer.from(plain);
      mixCase(mixed);
      const mixedName = decodeMessage(mixed).questions[0]?.name ?? '';
      const tail = (of: string): string =>
        of
          .split('.')
          .slice(-1 - kept)
          .join('.');
      const records = (owner: string, end: string): ResourceRecord[] =>
        ['', ...heads].map((head) => ({
          name: owner,
          class: 1,
          ttl: 1,
          type: 'SRV',
          priority: 1,
          weight: 1,
          port: 1,
          target: head === '' ? end : `${head}.${end}`,
        }));
      const message = { ...decodeMessage(mixed), response: true };
      const answer = encodeMessage({ ...message, answers: records(mixedName, tail(mixedName)) }, { compress });
      const restored = decodeRestored(answer, mixed, plain);
      expect(restored.questions).toMatchObject([{ name: asked }]);
      expect(restored.answers).toEqual(records(asked, tail(asked)));
    }),
  );
});

test('a name of other letters is left alone', () => {
  const plain = queryOf('web.example');
  const mixed = queryOf('wEB.eXAMPLE');
  const answer = encodeMessage({
    ...decodeMessage(mixed),
    response: true,
    answers: ['Web.Example', 'xeXAMPLE', 'a.wEB.eXAMPLE', 'eXAMPLE', 'B.eXAMPLE'].map((target) => ({
      name: 'wEB.eXAMPLE',
      class: 1,
      ttl: 1,
      type: 'SRV' as const,
      priority: 1,
      weight: 1,
      port: 1,
      target,
    })),
  });
  const targets = decodeRestored(answer, mixed, plain).answers.map((record) => record.type === 'SRV' && record.target);
  expect(targets).toEqual(['Web.Example', 'xeXAMPLE', 'a.web.example', 'example', 'B.example']);
});
