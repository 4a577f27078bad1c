import { expect, test } from 'vitest';
import { fuzzCodec, fuzzConversation, sampleMessages } from '../../testing/fuzz-peers.js';
import { seededRandom } from '../../testing/seeded-random.js';

test('damaged messages are refused, or are other messages', () => {
  const random = seededRandom(1);
  const messages = sampleMessages(1, 100);
  let read = 0;
  for (let turn = 0; turn < 3_000; turn++) if (fuzzCodec(messages[turn % 100] as (typeof messages)[0], random)) read++;
  expect(read).toBeGreaterThan(100);
});

test('damaged connections end, and leave nothing behind', async () => {
  const messages = sampleMessages(2, 100);
  const outcomes: Record<string, number> = { refused: 0, ended: 0, whole: 0 };
  for (let turn = 0; turn < 60; turn++) {
    const random = seededRandom(turn);
    const { outcome } = await fuzzConversation(messages.slice(turn, turn + 20), random);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  expect(Object.values(outcomes).every((times) => times > 0)).toBe(true);
});
