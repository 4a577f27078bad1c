import { z } from 'zod';
import { addressList, count, port, stringMap } from './values.js';

/** Where the agent listens and what it advertises. */
export const networkKeys = {
  bind_addr: addressList
    .describe('where the peer port listens, otherwise where HTTP does; advertised when `advertise_addr` is not given')
    .optional(),
  client_addr: addressList.describe('where HTTP and DNS listen: addresses, separated by spaces').optional(),
  advertise_addr: addressList
    .describe(
      'IP address of this node in the catalog, and where peers reach it; otherwise the machine’s once HTTP is not on loopback alone',
    )
    .optional(),
  ports: z
    .object({
      http: port.describe('HTTP').optional(),
      https: port.describe('HTTPS').optional(),
      dns: port.describe('DNS over UDP and TCP').optional(),
      dns_tls: port.describe('ours: DNS over TLS (RFC 7858)').optional(),
      dns_https: port.describe('ours: DNS over HTTPS (RFC 8484) alone, HTTP/2 too').optional(),
      serf_lan: port
        .describe('where other agents meet this one; with `--dev` off unless it is given or others are to be met')
        .optional(),
    })
    .optional(),
  addresses: z
    .object({
      http: addressList.describe('instead of `client_addr`; may be `unix:///path`').optional(),
      https: addressList.describe('instead of `client_addr`').optional(),
      dns: addressList.describe('instead of `client_addr`').optional(),
      dns_tls: addressList.describe('ours: instead of `client_addr`').optional(),
      dns_https: addressList.describe('ours: instead of `client_addr`').optional(),
    })
    .optional(),
  unix_sockets: z
    .object({
      mode: z
        .string()
        .regex(/^0?[0-7]{3}$/, 'must be an octal file mode such as "600"')
        .describe('octal file mode of unix sockets, such as `"600"`; otherwise as the umask leaves it')
        .optional(),
    })
    .optional(),
} as const;

const certificate = {
  cert_file: z.string().describe('PEM file with the certificate and those above it').optional(),
  key_file: z.string().describe('PEM file with its key').optional(),
  tls_min_version: z.enum(['TLSv1_2', 'TLSv1_3']).describe('oldest version taken; otherwise TLS 1.2').optional(),
} as const;

/** Certificates of the HTTPS, DNS-over-TLS and DNS-over-HTTPS listeners. `https` wins over `defaults`. */
export const tlsKeys = {
  tls: z.object({ defaults: z.object(certificate).optional(), https: z.object(certificate).optional() }).optional(),
} as const;

export const httpKeys = {
  http_config: z
    .object({
      response_headers: stringMap.describe('headers added to every answer').optional(),
      allowed_hosts: z
        .array(z.string())
        .describe('ours: host names, besides IP addresses and localhost, under which web pages may write')
        .optional(),
    })
    .optional(),
  limits: z
    .object({
      http_max_conns_per_client: count
        .describe('connections of one address; loopback is exempt; 0: no limit')
        .optional(),
      http_max_conns: count
        .describe('ours: all connections together, never above what the descriptor limit leaves')
        .optional(),
      kv_max_value_size: count.describe('bytes of one value').optional(),
      txn_max_req_len: count.describe('bytes of one transaction').optional(),
      request_limits: z
        .object({
          mode: z
            .enum(['disabled', 'permissive', 'enforcing'])
            .describe('`enforcing` answers 429 with Retry-After, `permissive` only logs')
            .optional(),
          read_rate: z.number().min(-1).describe('reads a second, of all clients together; -1: no limit').optional(),
          write_rate: z.number().min(-1).describe('the same for writes').optional(),
        })
        .optional(),
    })
    .optional(),
} as const;
