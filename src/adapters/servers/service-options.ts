import { z } from 'zod';
import type { Discovery, RegistrationRequest } from '../../client/index.js';
import { defaults, parseOptions } from '../../model/index.js';
import { sharedOptions } from '../options.js';

export interface ServiceOptions {
  /** Name of the service. */
  readonly name: string;
  /** Default: one made from the environment, shared by all adapters of the process. */
  readonly manager?: Discovery;
  /**
   * What else is registered: id, tags, metadata, check, … Port and address default to where the server listens; the address
   * is left to the manager when that is all of them. A check of `{ http: '/readyz' }` suits most.
   */
  readonly registration?: Partial<RegistrationRequest>;
  /** Default `/livez`: 200 while the process answers at all. */
  readonly livePath?: string;
  /** Default `/readyz`: 200 while the service is registered, 503 before and while it leaves. */
  readonly readyPath?: string;
  /**
   * Leave, close the server and end the process with code 0 on SIGTERM, or on the signals named. A second signal ends it at
   * once. Default false.
   */
  readonly onSignal?: boolean | readonly NodeJS.Signals[];
  /** Longest wait for watchers to see that the instance leaves, ms. Default 5 s. 0: none. */
  readonly drainMs?: number;
  /** Longest wait for requests under way, ms. Default 10 s. What is left then is cut. */
  readonly finishMs?: number;
}

const path = z.string().regex(/^\//, 'must begin with /').optional();
const milliseconds = z.number('must be a number of milliseconds').min(0, 'must not be negative').optional();
const signal = z.string().regex(/^SIG[A-Z0-9]+$/, 'must be a signal');

const schema = z.strictObject({
  name: z.string('must be the name of the service').min(1, 'must be the name of the service'),
  manager: sharedOptions.manager,
  registration: z.looseObject({}, 'must be an object').optional(),
  livePath: path,
  readyPath: path,
  onSignal: z.union([z.boolean(), z.array(signal)], 'must be true, false or a list of signals').optional(),
  drainMs: milliseconds,
  finishMs: milliseconds,
});

/** With the defaults of the paths. What is in `registration` is judged by `registerService`. */
export function parseServiceOptions(options: ServiceOptions): ServiceOptions {
  parseOptions('the service', schema, options);
  return { livePath: defaults.livePath, readyPath: defaults.readyPath, ...options };
}
