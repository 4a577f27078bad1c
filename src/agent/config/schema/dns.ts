import { z } from 'zod';
import { count, duration, positiveDuration } from './values.js';

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
  domain: z.string().describe('the zone that is answered for').optional(),
  alt_domain: z.string().describe('a second name for it').optional(),
  recursors: z
    .array(z.string())
    .describe('servers asked for names outside the domain: `IP`, `IP:PORT`, `[IP]:PORT`; none: such names are refused')
    .optional(),
  dns_config: z
    .object({
      node_ttl: duration.describe('TTL of node, address and NS answers').optional(),
      service_ttl: z
        .record(z.string(), duration)
        .describe('TTL by service name; `prefix*` and `*` fit many, the longest wins; otherwise 0')
        .optional(),
      only_passing: z.boolean().describe('leave out instances that warn').optional(),
      enable_truncate: z.boolean().describe('set the TC bit on answers that were cut').optional(),
      udp_answer_limit: count.describe('answers over UDP without EDNS; never more than 8').optional(),
      a_record_limit: count.describe('address records in an answer, over any transport; 0: no limit').optional(),
      disable_compression: z.boolean().describe('spell out every name').optional(),
      enable_additional_node_meta_txt: z.boolean().describe('node metadata as TXT beside other answers').optional(),
      recursor_strategy: z.enum(['sequential', 'random']).describe('which recursor is asked first').optional(),
      recursor_timeout: positiveDuration.describe('for each of them').optional(),
      soa: z
        .object({
          refresh: count.describe('seconds').optional(),
          retry: count.describe('seconds').optional(),
          expire: count.describe('seconds').optional(),
          min_ttl: count.describe('seconds; how long “no such name” is kept').optional(),
        })
        .optional(),
      allow_stale: z.boolean().describe('taken and met whatever it says: reads are from memory').optional(),
      max_stale: duration.describe('the same').optional(),
      records: z
        .array(z.union([record, z.string()]))
        .describe('ours: static records, see [dns.md](dns.md#static-records)')
        .optional(),
      rate_limit: z
        .object({
          responses_per_second: count
            .describe('ours: answers to one network for one question; 0: off; loopback is exempt')
            .optional(),
        })
        .optional(),
      cookies: z.boolean().describe('ours: server cookies (RFC 7873) for clients that send one').optional(),
    })
    .optional(),
} as const;
