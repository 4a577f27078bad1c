import type { ConsulAnswer } from '../answer.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions } from './options.js';

/** status/…: the servers. */
export class StatusCalls {
  constructor(private readonly calls: Calls) {}

  /** `ip:port`, '' while there is none. */
  leader(options: ConsulCallOptions = {}): Promise<ConsulAnswer<string>> {
    return this.calls.any('/v1/status/leader', options);
  }

  peers(options: ConsulCallOptions = {}): Promise<ConsulAnswer<string[]>> {
    return this.calls.list('/v1/status/peers', options);
  }
}
