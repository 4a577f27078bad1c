import { invalid, type ServiceDiscoveryError } from '../../model/index.js';

/** Every refusal of a filter begins like this; clients match on it (docs/contract.md section 1.7). */
export function filterError(reason: string): ServiceDiscoveryError {
  return invalid(`Failed to create boolean expression evaluator: ${reason}`);
}
