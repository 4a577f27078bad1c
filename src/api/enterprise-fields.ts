import type { z } from 'zod';
import { isDiscoveryError } from '../model/index.js';
import { badRequest } from './core/errors.js';
import type { ApiRequest } from './core/request.js';

const FEATURES: Readonly<Record<string, string>> = { Namespace: 'Namespaces', Partition: 'Partitions' };

/**
 * A JSON body whose refusal of `Namespace` says whose feature that is, as catalog/… does (docs/contract.md section
 * 1.4).
 */
export async function decodeNaming<S extends z.ZodType>(request: ApiRequest, schema: S): Promise<z.infer<S>> {
  try {
    return await request.decode(schema);
  } catch (error) {
    const field = isDiscoveryError(error)
      ? /json: unknown field "(Namespace|Partition)"$/.exec(error.message)?.[1]
      : '';
    if (!field) throw error;
    throw badRequest(`${(error as Error).message} - ${FEATURES[field]} are a Consul Enterprise feature`);
  }
}
