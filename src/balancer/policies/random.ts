import { isExcluded, type Policy } from '../policy.js';
import { WeightedDraw } from './weighted-draw.js';

/** By chance, in proportion to weights. */
export const random: Policy = {
  name: 'random',
  create: ({ random }) => {
    const draw = new WeightedDraw(random);
    return {
      update: (candidates) => draw.update(candidates),
      choose: (hint) =>
        hint.exclude === undefined ? draw.next() : draw.nextOf((candidate) => !isExcluded(candidate, hint)),
    };
  },
};
