import type { SessionRequest } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

export interface ConsulSession {
  readonly ID: string;
  readonly Name: string;
  readonly Node: string;
  /** Nanoseconds. */
  readonly LockDelay: number;
  /** What becomes of its keys at its end: release or delete. */
  readonly Behavior: string;
  readonly TTL: string;
  readonly NodeChecks: readonly string[] | null;
  readonly ServiceChecks: readonly { readonly ID: string; readonly Namespace?: string }[] | null;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** session/…: what holds keys for as long as its checks pass and it is renewed. */
export class SessionCalls {
  constructor(private readonly calls: Calls) {}

  /** Answers its id. Default: of the agent's node, bound to serfHealth, without a TTL. */
  async create(session: SessionRequest = {}, options: ConsulCallOptions = {}): Promise<string> {
    const { ID } = await this.calls.write<{ readonly ID: string }>('PUT', '/v1/session/create', options, {
      body: session,
    });
    return ID;
  }

  /** Ends it; its keys are released or deleted. Unknown ones are ended already. */
  destroy(session: string, options: ConsulCallOptions = {}): Promise<boolean> {
    return this.calls.write('PUT', path`/v1/session/destroy/${{ session }}`, options);
  }

  /** To be done within its TTL. NOT_FOUND when it has ended. */
  async renew(session: string, options: ConsulCallOptions = {}): Promise<ConsulSession> {
    const renewed = await this.calls.write<ConsulSession[]>('PUT', path`/v1/session/renew/${{ session }}`, options);
    return renewed[0] as ConsulSession;
  }

  /** Undefined when there is none of that id. */
  async info(session: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulSession | undefined>> {
    const answer = await this.calls.list<ConsulSession>(path`/v1/session/info/${{ session }}`, options);
    return { ...answer, value: answer.value[0] };
  }

  node(node: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulSession[]>> {
    return this.calls.list(path`/v1/session/node/${{ node }}`, options);
  }

  list(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulSession[]>> {
    return this.calls.list('/v1/session/list', options);
  }
}
