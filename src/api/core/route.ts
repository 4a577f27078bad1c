import type { z } from 'zod';
import type { ApiRequest } from './request.js';
import type { InvalidStatus } from './errors.js';
import type { Reply } from './reply.js';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
export type Handler = (request: ApiRequest) => Reply | Promise<Reply>;

/** One method of one path: what runs, and what the API document says about it. */
export interface Operation {
  readonly handler: Handler;
  readonly summary: string;
  /** Schema of the JSON body: the very one the handler decodes with. */
  readonly body?: z.ZodType;
  /** Query parameters besides those that every endpoint of its kind takes. */
  readonly query?: readonly string[];
  /** A read that can block and takes consistency parameters. */
  readonly blocking?: boolean;
}

export interface Route {
  /** `/v1/kv/{key}`: at most one parameter, and it takes all of the path that is left, slashes included. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Operation>>>;
  readonly invalidStatus: InvalidStatus;
  /** Consul's own handler for it answers a wrong method without OPTIONS in Allow. */
  readonly plainAllow?: true;
}

/** A family's routes share how the commands behind them are refused. */
export function family(
  invalidStatus: InvalidStatus,
  routes: Readonly<Record<string, Route['methods']>>,
): readonly Route[] {
  return Object.entries(routes).map(([path, methods]) => ({ path, methods, invalidStatus }));
}
