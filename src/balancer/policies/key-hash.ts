import type { Random } from '../../runtime/index.js';
import type { PickHint } from '../balancer.js';
import { hashText } from '../hash.js';

/** Of the request's key; of chance where it has none. */
export function keyHash(hint: PickHint, random: Random): number {
  return hint.key === undefined ? Math.floor(random.next() * 2 ** 32) : hashText(hint.key);
}
