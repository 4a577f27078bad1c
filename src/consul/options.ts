import { z } from 'zod';
import { defaults, invalid, limits, parseOptions } from '../model/index.js';
import { realClock, type Clock } from '../runtime/index.js';
import { parseAgentAddress, type AgentAddress } from './transport/agent-address.js';

/** Of `ConsulClient`. Files are read at the first call that needs them. */
export interface ConsulClientOptions {
  /**
   * `HOST:PORT`, `http://…`, `https://…` or `unix:///PATH`; several, in a list or separated by commas, of the same
   * datacenter: the first is asked until it fails, then the next. Default: 127.0.0.1:8500.
   */
  readonly addresses?: string | readonly string[];
  /** Whether an address without a scheme is https. Default false. */
  readonly ssl?: boolean;
  /** Sent as X-Consul-Token. */
  readonly token?: string;
  /** A file with the token; counts more than `token`. */
  readonly tokenFile?: string;
  /** `USER:PASSWORD`, sent as basic authentication to whatever is in front of the agent. */
  readonly auth?: string;
  /** Sent as `ns`; Consul Enterprise only. */
  readonly namespace?: string;
  readonly tls?: ConsulTlsOptions;
  /** Milliseconds for one call, attempts at other addresses included. Default 10 s. */
  readonly timeoutMs?: number;
  /**
   * Connections to one address; a fifth is kept for calls that the agent does not hold. Default 160, and for our agent on
   * this machine, which does not count them, as many as reads are held, up to 4,096.
   */
  readonly maxConnections?: number;
  /** A larger answer is an error. Default 64 MiB. */
  readonly maxAnswerBytes?: number;
  /** Time, for tests. */
  readonly clock?: Clock;
}

export interface ConsulTlsOptions {
  /** Authorities to trust instead of the system's, PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  readonly caFile?: string;
  /** A directory of them; not looked at when there is a `caFile`. */
  readonly caPath?: string;
  /** Our own certificate, PEM. */
  readonly cert?: string | Buffer;
  readonly certFile?: string;
  readonly key?: string | Buffer;
  readonly keyFile?: string;
  /** The name the agent's certificate must have, when that is not the address's. */
  readonly serverName?: string;
  /** False: take any certificate. Default true. */
  readonly verify?: boolean;
}

export interface ResolvedOptions {
  readonly addresses: readonly AgentAddress[];
  readonly token?: string;
  readonly tokenFile?: string;
  readonly auth?: string;
  readonly namespace?: string;
  readonly tls?: ConsulTlsOptions;
  readonly timeoutMs: number;
  readonly maxConnections: number;
  readonly mayGrow: boolean;
  readonly maxAnswerBytes: number;
  readonly clock: Clock;
}

const text = z.string('must be text').min(1, 'must not be empty');
const flag = z.boolean('must be true or false');
const positive = z.number('must be a number').int('must be a whole number').min(1, 'must be 1 or more');
const pem = z.union([text, z.instanceof(Buffer)], 'must be PEM text');

const schema = z.strictObject({
  addresses: z
    .union([text, z.array(text).min(1, 'must not be empty')], 'must be an address or a list of them')
    .optional(),
  ssl: flag.optional(),
  token: z.string('must be text').optional(),
  tokenFile: text.optional(),
  auth: text.optional(),
  namespace: text.optional(),
  tls: z
    .strictObject({
      ca: z.union([pem, z.array(pem)], 'must be PEM text or a list of it').optional(),
      caFile: text.optional(),
      caPath: text.optional(),
      cert: pem.optional(),
      certFile: text.optional(),
      key: pem.optional(),
      keyFile: text.optional(),
      serverName: text.optional(),
      verify: flag.optional(),
    })
    .optional(),
  timeoutMs: positive.optional(),
  maxConnections: z.number('must be a number').int('must be a whole number').min(2, 'must be 2 or more').optional(),
  maxAnswerBytes: positive.optional(),
  clock: z.custom<Clock>((value) => typeof (value as Clock | null)?.after === 'function', 'must be a Clock').optional(),
});

/** Options with their defaults. Throws INVALID_ARGUMENT naming what is wrong; no file is read. */
export function resolveOptions(given: ConsulClientOptions): ResolvedOptions {
  const options = parseOptions('options of ConsulClient', schema, given);
  const { ssl = false, clock = realClock } = options;
  const texts = [options.addresses ?? `127.0.0.1:${defaults.httpPort}`].flat().flatMap((one) => one.split(','));
  if (texts.length > limits.consulAddresses) throw invalid(`addresses must be ${limits.consulAddresses} or fewer`);
  const addresses = texts.map((one) => parseAgentAddress(one.trim(), ssl));
  return {
    ...options,
    addresses: [...new Map(addresses.map((address) => [address.shown, address])).values()],
    timeoutMs: options.timeoutMs ?? defaults.consulTimeoutMs,
    maxConnections: options.maxConnections ?? defaults.consulMaxConnections,
    mayGrow: options.maxConnections === undefined,
    maxAnswerBytes: options.maxAnswerBytes ?? limits.consulAnswerBytes,
    clock,
  };
}
