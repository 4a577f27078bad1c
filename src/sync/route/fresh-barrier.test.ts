import { expect, test } from 'vitest';
import { FreshBarrier } from './fresh-barrier.js';

/** Questions that end when told to. */
function barrier() {
  const asked: { resolve(): void; reject(error: Error): void }[] = [];
  const it = new FreshBarrier(() => new Promise((resolve, reject) => asked.push({ resolve: () => resolve(), reject })));
  return { it, asked };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

test('readers that come while a question is under way share one that is asked after it', async () => {
  const { it, asked } = barrier();
  const passed: string[] = [];
  void it.pass().then(() => passed.push('first'));
  void it.pass().then(() => passed.push('second'));
  void it.pass().then(() => passed.push('third'));
  expect(asked).toHaveLength(1);
  asked[0]?.resolve();
  await turns();
  expect(passed).toEqual(['first']);
  expect(asked).toHaveLength(2);
  void it.pass().then(() => passed.push('fourth'));
  asked[1]?.resolve();
  await turns();
  expect(passed).toEqual(['first', 'second', 'third']);
  asked[2]?.resolve();
  await turns();
  expect(passed).toEqual(['first', 'second', 'third', 'fourth']);
  void it.pass();
  expect(asked).toHaveLength(4);
});

test('a question without an answer fails those who asked it, and no others', async () => {
  const { it, asked } = barrier();
  const first = it.pass();
  const second = it.pass();
  asked[0]?.reject(new Error('unreachable'));
  await expect(first).rejects.toThrow('unreachable');
  await turns();
  asked[1]?.resolve();
  await expect(second).resolves.toBeUndefined();
});
