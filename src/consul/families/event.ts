import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

export interface ConsulEvent {
  readonly ID: string;
  readonly Name: string;
  readonly Payload: Buffer;
  readonly NodeFilter: string;
  readonly ServiceFilter: string;
  readonly TagFilter: string;
  readonly Version: number;
  readonly LTime: number;
}

export interface ConsulFireOptions extends ConsulCallOptions {
  /** About 500 bytes at most. */
  readonly payload?: string | Uint8Array;
  /** Regular expressions of whom it is for; a tag only with a service. */
  readonly node?: string;
  readonly service?: string;
  readonly tag?: string;
}

interface WireEvent extends Omit<ConsulEvent, 'Payload'> {
  readonly Payload: string | null;
}

/** event/…: told to every agent, without a promise that it arrives. */
export class EventCalls {
  constructor(private readonly calls: Calls) {}

  async fire(name: string, options: ConsulFireOptions = {}): Promise<ConsulEvent> {
    const { payload, node, service, tag } = options;
    const request = { body: payload, query: { node, service, tag } };
    return eventOf(await this.calls.write<WireEvent>('PUT', path`/v1/event/fire/${{ name }}`, options, request));
  }

  /** Those that reached the agent asked, oldest first. Its index is a hash of the newest: it is equal or it is not. */
  async list(options: ConsulReadOptions & { readonly name?: string } = {}): Promise<ConsulAnswer<ConsulEvent[]>> {
    const answer = await this.calls.list<WireEvent>('/v1/event/list', options, { query: { name: options.name } });
    return { ...answer, value: answer.value.map(eventOf) };
  }
}

function eventOf(event: WireEvent): ConsulEvent {
  return { ...event, Payload: Buffer.from(event.Payload ?? '', 'base64') };
}
