import { z } from 'zod';
import { count, duration, positiveDuration } from './values.js';

const rrlKeys = z.object({
  /** Answers a second to one network for one question; 0 = off. */
  responses_per_second: count.optional(),
});

/**
 * A static record the DNS server answers besides the catalog's, as fields or as a line of a zone file. `data` is the
 * presentation form of RFC 1035 or `\# …` of RFC 3597.
 */
const record = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.union([duration, count]).optional(),
  data: z.string(),
});

export const dnsKeys = {
  domain: z.string().optional(),
  alt_domain: z.string().optional(),
  recursors: z.array(z.string()).optional(),
  dns_config: z
    .object({
      node_ttl: duration.optional(),
      /** Service name, `prefix*` or `*` → TTL. */
      service_ttl: z.record(z.string(), duration).optional(),
      only_passing: z.boolean().optional(),
      enable_truncate: z.boolean().optional(),
      udp_answer_limit: count.optional(),
      a_record_limit: count.optional(),
      disable_compression: z.boolean().optional(),
      enable_additional_node_meta_txt: z.boolean().optional(),
      recursor_strategy: z.enum(['sequential', 'random']).optional(),
      recursor_timeout: positiveDuration.optional(),
      /** Seconds. */
      soa: z
        .object({
          refresh: count.optional(),
          retry: count.optional(),
          expire: count.optional(),
          min_ttl: count.optional(),
        })
        .optional(),
      /** Reads are always from this agent's memory: both are met whatever they say. */
      allow_stale: z.boolean().optional(),
      max_stale: duration.optional(),
      /** Ours. */
      records: z.array(z.union([record, z.string()])).optional(),
      rate_limit: rrlKeys.optional(),
      cookies: z.boolean().optional(),
    })
    .optional(),
} as const;
