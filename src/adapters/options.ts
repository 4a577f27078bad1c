import { z } from 'zod';
import type { Discovery } from '../client/index.js';

const isManager = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Discovery).resolution === 'function';

/** What all adapters that look services up take. */
export const sharedOptions = {
  manager: z.custom<Discovery>(isManager, 'must be a ServiceDiscoveryManager').optional(),
  suffixes: z
    .array(z.string().regex(/^(\.[\w-]+)+$/, 'must begin with a dot, as in .service'), 'must be a list of names')
    .min(1, 'must name at least one')
    .optional(),
  policy: z.string('must be the name of a policy').optional(),
};
