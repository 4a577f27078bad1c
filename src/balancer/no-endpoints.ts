import { ServiceDiscoveryError } from '../model/index.js';
import type { Part } from './plan.js';

interface Situation {
  readonly closed: boolean;
  /** Whether a set was ever given. */
  readonly known: boolean;
  readonly members: readonly { readonly endpoint: { readonly service: string } }[];
  readonly parts: readonly Part[];
}

/** Why there is nobody to choose. The three answers are different codes: not known yet, nobody to use, closed. */
export function noEndpoints({ closed, known, members, parts }: Situation): ServiceDiscoveryError {
  if (closed) return new ServiceDiscoveryError('CLOSED', 'balancer: closed');
  if (!known) return new ServiceDiscoveryError('NOT_READY', 'balancer: no endpoints known yet');
  const [first] = members;
  if (!first) return new ServiceDiscoveryError('NO_ENDPOINTS', 'balancer: the service has no instances');
  const { service } = first.endpoint;
  const panicking = parts.find(({ panic }) => panic);
  const details = { service, endpoints: members.length, panic: panicking !== undefined };
  if (!panicking) {
    const message = `balancer: none of the ${members.length} instances of ${service} may be used: explain() says why for each`;
    return new ServiceDiscoveryError('NO_ENDPOINTS', message, { details });
  }
  const { usable, total } = panicking;
  const message = `balancer: refused while only ${usable} of ${total} instances of ${service} are healthy`;
  return new ServiceDiscoveryError('NO_ENDPOINTS', message, { details });
}
