import { z } from 'zod';
import { dnsKeys } from './dns.js';
import { httpKeys, networkKeys, tlsKeys } from './network.js';
import { checkKeys, nodeKeys, registrationKeys, storeKeys } from './node.js';
import { peerKeys, syncKeys } from './sync.js';

/**
 * Every key this agent acts upon, with Consul's name where the meaning is Consul's. The schemas are the one source:
 * what is not in here is either a Consul key we know but do not support (`unsupported-keys.ts`) or a mistake.
 */
export const configSchema = z.object({
  ...nodeKeys,
  ...networkKeys,
  ...peerKeys,
  ...syncKeys,
  ...tlsKeys,
  ...httpKeys,
  ...dnsKeys,
  ...registrationKeys,
  ...checkKeys,
  ...storeKeys,
});

/** A configuration as written: every key optional, values not converted. */
export type RawConfig = z.infer<typeof configSchema>;
