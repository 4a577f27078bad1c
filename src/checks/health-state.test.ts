import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckStatus } from '../model/index.js';
import { defaultDamping } from './flap-damping.js';
import { applyResult, type HealthRules, type HealthState, initialHealth } from './health-state.js';
import { withFlip } from './flip-history.js';

const WORDS: Readonly<Record<string, CheckStatus>> = { p: 'passing', w: 'warning', c: 'critical' };
const plain: HealthRules = { successBeforePassing: 0, failuresBeforeWarning: 0, failuresBeforeCritical: 0 };

/** One letter a result, a second apart; the status after each as one letter. */
function play(results: string, rules: HealthRules, from: CheckStatus = 'critical', everyMs = 1_000): string {
  let state = initialHealth(from, '', rules);
  let shown = '';
  for (const [turn, letter] of results.split('').entries()) {
    state = applyResult(
      state,
      { status: WORDS[letter] as CheckStatus, output: `${turn}` },
      rules,
      turn * everyMs,
    ).state;
    shown += state.status[0];
  }
  return shown;
}

describe('thresholds', () => {
  it.each<[string, Partial<HealthRules>, string, string]>([
    ['without any, each result is the status', {}, 'pwcpcw', 'pwcpcw'],
    ['the first result counts at once, good', { successBeforePassing: 3, failuresBeforeCritical: 3 }, 'p', 'p'],
    ['the first result counts at once, bad', { successBeforePassing: 3, failuresBeforeCritical: 3 }, 'c', 'c'],
    ['critical at the third failure in a row', { failuresBeforeCritical: 3 }, 'pccpcccc', 'ppppppcc'],
    ['passing at the third success in a row', { successBeforePassing: 3 }, 'cppcpppp', 'ccccccpp'],
    ['a warning result is a success', { successBeforePassing: 2, failuresBeforeCritical: 2 }, 'pcwcwc', 'pppppp'],
    ['warning comes before critical', { failuresBeforeWarning: 2, failuresBeforeCritical: 4 }, 'pccccp', 'ppwwcp'],
    ['both ways', { successBeforePassing: 2, failuresBeforeCritical: 2 }, 'pcpcppcc', 'pppppppc'],
  ])('%s', (_, rules, results, shown) => {
    expect(play(results, { ...plain, ...rules })).toBe(shown);
  });

  it('leave the output alone too while nothing changes', () => {
    const rules = { ...plain, failuresBeforeCritical: 2 };
    const good = applyResult(initialHealth('critical', '', rules), { status: 'passing', output: 'good' }, rules, 0);
    expect(good).toMatchObject({ transition: { from: 'critical', to: 'passing' }, outputChanged: true });
    const below = applyResult(good.state, { status: 'critical', output: 'bad' }, rules, 1);
    expect(below).toMatchObject({ state: { status: 'passing', output: 'good' }, outputChanged: false });
    expect(below.transition).toBeUndefined();
    const reached = applyResult(below.state, { status: 'critical', output: 'worse' }, rules, 2);
    expect(reached).toMatchObject({ state: { status: 'critical', output: 'worse' }, outputChanged: true });
  });

  it('report a new output without a transition', () => {
    const state = initialHealth('passing', 'old', plain);
    const applied = applyResult(state, { status: 'passing', output: 'new' }, plain, 0);
    expect(applied.transition).toBeUndefined();
    expect(applied.outputChanged).toBe(true);
    expect(applyResult(applied.state, { status: 'passing', output: 'new' }, plain, 1).outputChanged).toBe(false);
  });

  it('agree with the naive reading: the last n results in a row', () => {
    const rules = fc.record({
      successBeforePassing: fc.integer({ min: 0, max: 4 }),
      failuresBeforeCritical: fc.integer({ min: 0, max: 4 }),
      failuresBeforeWarning: fc.constant(0),
    });
    const results = fc
      .array(fc.constantFrom('p', 'w', 'c'), { minLength: 1, maxLength: 30 })
      .map((all) => all.join(''));
    fc.assert(fc.property(rules, results, (rule, all) => play(all, rule) === naive(all, rule)));
  });
});

function naive(results: string, rules: HealthRules): string {
  let status = 'c';
  let shown = '';
  for (let at = 0; at < results.length; at++) {
    const failed = results[at] === 'c';
    const needed = failed ? rules.failuresBeforeCritical : rules.successBeforePassing;
    let row = 0;
    while (row <= at && (results[at - row] === 'c') === failed) row++;
    // Only the first row of all starts from full counters.
    if (row >= needed || row === at + 1) status = results[at] as string;
    shown += status;
  }
  return shown;
}

describe('damping', () => {
  const rules: HealthRules = { ...plain, damping: defaultDamping };

  it('is off unless asked for', () => {
    expect(play('pcpcpcpcp', plain)).toBe('pcpcpcpcp');
  });

  it('holds critical what changed three times within a few seconds', () => {
    expect(play('ppcpppp', rules, 'passing')).toBe('ppcpppp');
    expect(play('ppcpcppp', rules, 'passing')).toBe('ppcpcccc');
  });

  it('does not mind a change every two minutes', () => {
    expect(play('pcpcpcpcp', rules, 'passing', 120_000)).toBe('pcpcpcpcp');
  });

  it('says so, and lets go when the points have faded', () => {
    let state: HealthState = initialHealth('passing', '', rules);
    for (const [at, letter] of 'cpcp'.split('').entries()) {
      state = applyResult(state, { status: WORDS[letter] as CheckStatus, output: letter }, rules, at * 100).state;
    }
    expect(state).toMatchObject({ status: 'critical', undamped: 'passing', flapping: true, output: 'p' });
    const steady = (atMs: number) => applyResult(state, { status: 'passing', output: 'p' }, rules, atMs);
    // 4,000 points are below 1,000 after two half-lives.
    expect(steady(119_000).state).toMatchObject({ status: 'critical', flapping: true });
    const released = steady(121_000);
    expect(released.state).toMatchObject({ status: 'passing', flapping: false });
    expect(released.transition).toEqual({ from: 'critical', to: 'passing' });
  });
});

it('history keeps the newest flips', () => {
  const kept = [1, 2, 3].reduce((history, at) => withFlip(history, flipAt(at), 2), withFlip([], flipAt(0), 2));
  expect(kept.map(({ at }) => at)).toEqual([2, 3]);
});

function flipAt(at: number) {
  return { at, from: 'passing', to: 'critical', output: '' };
}
