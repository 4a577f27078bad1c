// Takes orders: each asks whether there is stock.
import { runService } from './service.mjs';

let next = 1;

await runService({
  name: 'orders',
  calls: 'stock',
  answer: () => ({ order: next++ }),
});
