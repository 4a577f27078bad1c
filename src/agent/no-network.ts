import { ServiceDiscoveryError } from '../model/index.js';
import type { Network } from '../runtime/index.js';

/**
 * For an agent without a peer port that knows of others: it keeps what it has of them and judges as an agent that is
 * cut off does.
 */
export const noNetwork: Network = {
  dial: async () => {
    throw new ServiceDiscoveryError('UNAVAILABLE', 'this agent has no peer port to meet other agents on', {
      details: { evidence: 'failed', hint: 'Start it with --peer-addr HOST:PORT, or set ports.serf_lan.' },
    });
  },
  listen: async (address) => ({ address, close: async () => {} }),
};
