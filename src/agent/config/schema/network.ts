import { z } from 'zod';
import { addressList, count, port, stringMap } from './values.js';

/** Where the agent listens and what it advertises. */
export const networkKeys = {
  bind_addr: addressList.optional(),
  client_addr: addressList.optional(),
  advertise_addr: addressList.optional(),
  ports: z
    .object({
      http: port.optional(),
      https: port.optional(),
      dns: port.optional(),
      /** Ours: DNS over TLS (RFC 7858). Off unless given. */
      dns_tls: port.optional(),
    })
    .optional(),
  addresses: z
    .object({
      http: addressList.optional(),
      https: addressList.optional(),
      dns: addressList.optional(),
      dns_tls: addressList.optional(),
    })
    .optional(),
  unix_sockets: z
    .object({
      mode: z
        .string()
        .regex(/^0?[0-7]{3}$/, 'must be an octal file mode such as "600"')
        .optional(),
    })
    .optional(),
} as const;

const certificate = {
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  tls_min_version: z.enum(['TLSv1_2', 'TLSv1_3']).optional(),
} as const;

/** Certificates of the HTTPS, DNS-over-TLS and DNS-over-HTTPS listeners. `https` wins over `defaults`. */
export const tlsKeys = {
  tls: z.object({ defaults: z.object(certificate).optional(), https: z.object(certificate).optional() }).optional(),
} as const;

export const httpKeys = {
  http_config: z
    .object({
      /** Added to every answer. */
      response_headers: stringMap.optional(),
      /** Ours: host names, besides IP addresses and localhost, under which web pages may reach this agent. */
      allowed_hosts: z.array(z.string()).optional(),
    })
    .optional(),
  limits: z
    .object({
      http_max_conns_per_client: count.optional(),
      /** Ours: all connections together; never above what the descriptor limit leaves. */
      http_max_conns: count.optional(),
      kv_max_value_size: count.optional(),
      txn_max_req_len: count.optional(),
      request_limits: z
        .object({
          mode: z.enum(['disabled', 'permissive', 'enforcing']).optional(),
          /** Requests a second; -1 = without limit. */
          read_rate: z.number().min(-1).optional(),
          write_rate: z.number().min(-1).optional(),
        })
        .optional(),
    })
    .optional(),
} as const;
