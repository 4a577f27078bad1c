import { describe, test } from 'vitest';
import { pickerSuite } from '../../testing/picker-suite.js';
import { createBalancer, isExcluded, policies, type Candidate, type Policy } from '../index.js';

/** One that knows nothing of exclusion, weights or load. */
const fixed: Policy = {
  name: 'fixed',
  create: () => {
    let candidates: readonly Candidate[] = [];
    let calls = 0;
    return {
      update: (now) => void (candidates = now),
      choose: () => candidates[calls++ % candidates.length],
    };
  },
};
/** One that at times has nobody. */
const shy: Policy = {
  name: 'shy',
  create: (context) => {
    const chooser = fixed.create(context);
    return {
      update: (now) => chooser.update(now),
      choose: (hint, nowMs) => {
        const candidate = chooser.choose(hint, nowMs);
        return candidate && !isExcluded(candidate, hint) && context.random.next() < 0.5 ? candidate : undefined;
      },
    };
  },
};

describe.each([...policies.values(), fixed, shy])('$name', (policy) => {
  for (const { name, run } of pickerSuite((given) => createBalancer({ ...given, policy }))) test(name, run);
});
