// Counts what is left, and looks at the front now and then.
import { runService } from './service.mjs';

let left = 1_000;

await runService({
  name: 'stock',
  calls: 'web',
  answer: () => ({ left: (left = left > 0 ? left - 1 : 1_000) }),
});
