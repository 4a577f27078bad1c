import { z } from 'zod';
import { parseOptions } from '../../model/index.js';
import type { CallOptions } from '../../model/index.js';
import { metadataFilter } from './metadata-filter.js';
import type { MetadataFilter } from './metadata-filter.js';

/** Which instances of a service, and how it is asked for them. */
export interface DnsResolveOptions extends CallOptions {
  /** Default true. False asks a server whatever is known, and falls back to that when none answers. */
  readonly useCache?: boolean;
  /** Default: the configuration's. Layout `consul` only. */
  readonly datacenter?: string;
  /**
   * Layout `consul`; in layout `srv` it takes the place of the protocol. Of several each is asked for, and what bears all
   * of them is taken.
   */
  readonly tag?: string | readonly string[];
  /** Only instances whose metadata fulfils all of it. */
  readonly metadata?: MetadataFilter;
}

/** Of `query` and `resolveAddresses`. */
export interface DnsQueryOptions extends CallOptions {
  /** Default true. */
  readonly useCache?: boolean;
}

const signal = z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal');
const timeoutMs = z.number('must be a number').positive('must be above 0');
const text = z.string('must be a text');
const shared = {
  useCache: z.boolean('must be true or false').optional(),
  signal: signal.optional(),
  timeoutMs: timeoutMs.optional(),
};

const querySchema = z.strictObject(shared);
const resolveSchema = z.strictObject({
  ...shared,
  datacenter: text.optional(),
  tag: z.union([text, z.array(text)], 'must be a text or a list of texts').optional(),
  metadata: metadataFilter.optional(),
});
const watchSchema = resolveSchema.omit({ useCache: true }).extend({
  interval: timeoutMs.optional(),
  onError: z.custom<(error: Error) => void>((value) => typeof value === 'function', 'must be a function').optional(),
});

/** Each throws INVALID_ARGUMENT naming every option that breaks a rule. */
export function checkQueryOptions(options: DnsQueryOptions): void {
  parseOptions('options', querySchema, options);
}

export function checkResolveOptions(options: DnsResolveOptions): void {
  parseOptions('options', resolveSchema, options);
}

export function checkWatchOptions(options: object): void {
  parseOptions('options', watchSchema, options);
}
