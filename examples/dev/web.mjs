// The front: asks for orders all the time.
import { runService } from './service.mjs';

await runService({
  name: 'web',
  calls: 'orders',
  answer: () => ({ page: 'welcome' }),
});
