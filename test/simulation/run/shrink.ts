import type { Action, Scenario } from '../plan/scenario.js';
import { runScenario } from './run-scenario.js';

/**
 * A smaller scenario that fails the same way: delta debugging (Zeller 1999) over the actions. Each may be left out
 * without making the others meaningless.
 */
export function shrink(scenario: Scenario, invariant: string, tell: (line: string) => void): Scenario {
  const fails = (actions: readonly Action[]): boolean =>
    runScenario({ ...scenario, actions }).failure?.invariant === invariant;
  let actions = scenario.actions;
  for (let size = Math.ceil(actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < actions.length;) {
      const fewer = [...actions.slice(0, at), ...actions.slice(at + size)];
      if (fails(fewer)) actions = fewer;
      else at += size;
    }
    tell(`${actions.length} actions left, tried without ${size} at a time`);
  }
  return { ...scenario, actions };
}
