import { expect, test } from 'vitest';
import { HedgeBudget } from './hedge-budget.js';

test('after 95 % of the last answers, once enough are known', () => {
  const budget = new HedgeBudget();
  for (let i = 0; i < 100; i++) budget.earn();
  for (let i = 1; i < 20; i++) budget.answered(i);
  expect(budget.afterMs).toBeUndefined();
  budget.answered(20);
  expect(budget.afterMs).toBe(20);
  // Long ago does not count.
  for (let i = 0; i < 160; i++) budget.answered(3);
  expect(budget.afterMs).toBe(3);
});

test('one question in twenty, ten saved up at most', () => {
  const budget = new HedgeBudget();
  expect(budget.spend()).toBe(false);
  for (let i = 0; i < 21; i++) budget.earn();
  expect([budget.spend(), budget.spend()]).toEqual([true, false]);
  for (let i = 0; i < 1_000; i++) budget.earn();
  let spent = 0;
  while (budget.spend()) spent++;
  expect(spent).toBe(10);
});
