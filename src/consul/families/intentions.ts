import type { Json, StringMap } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulFilterOptions, ConsulReadOptions } from './options.js';

export interface ConsulIntention {
  /** Of older intentions only. */
  readonly ID?: string;
  readonly SourceName: string;
  readonly DestinationName: string;
  readonly SourceType?: string;
  readonly Action?: 'allow' | 'deny' | '';
  /** By request, instead of an action. */
  readonly Permissions?: readonly { readonly [field: string]: Json }[];
  readonly Description?: string;
  readonly Meta?: StringMap | null;
  readonly Precedence?: number;
  readonly CreateIndex?: number;
  readonly ModifyIndex?: number;
  readonly [field: string]: Json | undefined;
}

export type ConsulIntentionWrite = Pick<
  ConsulIntention,
  'Action' | 'Permissions' | 'Description' | 'Meta' | 'SourceType'
>;

const EXACT = '/v1/connect/intentions/exact';

/** connect/intentions/…: who may call whom. */
export class IntentionCalls {
  constructor(private readonly calls: Calls) {}

  list(options: ConsulReadOptions & ConsulFilterOptions = {}): Promise<ConsulAnswer<ConsulIntention[]>> {
    return this.calls.list('/v1/connect/intentions', options, { query: { filter: options.filter } });
  }

  /** NOT_FOUND when there is none. */
  get(source: string, destination: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulIntention>> {
    return this.calls.object(EXACT, options, { query: { source, destination } });
  }

  put(
    source: string,
    destination: string,
    intention: ConsulIntentionWrite,
    options: ConsulCallOptions = {},
  ): Promise<boolean> {
    return this.calls.write('PUT', EXACT, options, { body: intention, query: { source, destination } });
  }

  delete(source: string, destination: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('DELETE', EXACT, options, { query: { source, destination } });
  }

  /** Those that would count for each name, by precedence. */
  match(
    by: 'source' | 'destination',
    names: readonly string[],
    options: ConsulReadOptions = {},
  ): Promise<ConsulAnswer<Record<string, ConsulIntention[]>>> {
    return this.calls.object('/v1/connect/intentions/match', options, { query: { by, name: names } });
  }

  /** Whether a connection would be allowed. */
  check(
    source: string,
    destination: string,
    options: ConsulCallOptions = {},
  ): Promise<ConsulAnswer<{ readonly Allowed: boolean }>> {
    return this.calls.object('/v1/connect/intentions/check', options, { query: { source, destination } });
  }

  /** The older way, for agents before 1.9: answers its id. */
  async create(intention: ConsulIntention, options: ConsulCallOptions = {}): Promise<string> {
    const request = { body: intention };
    return (await this.calls.write<{ readonly ID: string }>('POST', '/v1/connect/intentions', options, request)).ID;
  }

  /** The older way. */
  getById(id: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulIntention>> {
    return this.calls.object(path`/v1/connect/intentions/${{ id }}`, options);
  }

  /** The older way. */
  updateById(id: string, intention: ConsulIntention, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/connect/intentions/${{ id }}`, options, { body: intention });
  }

  /** The older way. */
  deleteById(id: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('DELETE', path`/v1/connect/intentions/${{ id }}`, options);
  }
}
