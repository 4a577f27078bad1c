import type { Json } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulFilterOptions, ConsulReadOptions } from './options.js';

/** Of a kind that has its own fields. */
export interface ConsulConfigEntry {
  readonly Kind: string;
  readonly Name: string;
  readonly [field: string]: Json | undefined;
}

/** config/…: configuration entries, what the mesh and its defaults are made of. */
export class ConfigCalls {
  constructor(private readonly calls: Calls) {}

  /** Whether it was written: without `cas` it is. */
  set(entry: ConsulConfigEntry, options: ConsulCallOptions & { readonly cas?: number } = {}): Promise<boolean> {
    return this.calls.write('PUT', '/v1/config', options, { body: entry, query: { cas: options.cas } });
  }

  /** Undefined when there is none; its index waits for it to come. */
  get(
    kind: string,
    name: string,
    options: ConsulReadOptions = {},
  ): Promise<ConsulAnswer<ConsulConfigEntry | undefined>> {
    return this.calls.object(path`/v1/config/${{ kind }}/${{ name }}`, options, { absent: { value: undefined } });
  }

  list(
    kind: string,
    options: ConsulReadOptions & ConsulFilterOptions = {},
  ): Promise<ConsulAnswer<ConsulConfigEntry[]>> {
    return this.calls.list(path`/v1/config/${{ kind }}`, options, { query: { filter: options.filter } });
  }

  /** What is not there is deleted already. False when `cas` is not its ModifyIndex. */
  async delete(
    kind: string,
    name: string,
    options: ConsulCallOptions & { readonly cas?: number } = {},
  ): Promise<boolean> {
    const request = { query: { cas: options.cas } };
    return (await this.calls.write('DELETE', path`/v1/config/${{ kind }}/${{ name }}`, options, request)) !== false;
  }
}
