import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDiscoveryError, limits } from '../model/index.js';
import type { ServiceDiscoveryError } from '../model/index.js';
import type { ApiContext } from './context.js';
import { statusOf } from './core/errors.js';
import { InOrder } from './core/in-order.js';
import type { InvalidStatus } from './core/errors.js';
import { text } from './core/reply.js';
import type { Headers, Reply } from './core/reply.js';
import { ApiRequest, parsed } from './core/request.js';
import type { Parsed } from './core/request.js';
import type { Method, Operation, Route } from './core/route.js';
import { Router } from './core/router.js';
import { parseTarget } from './core/url.js';
import { ReplyWriter } from './core/write.js';
import { crossOrigin } from './guard/origin.js';
import { RateLimit } from './guard/rate-limit.js';

/** Not counted by the rate limit: an agent under load must not be taken for a dead one and restarted. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** A request line resolved: its route and what it says, or the answer it has whatever is behind it. */
type Resolved =
  | { readonly type: 'route'; readonly route: Route; readonly target: Parsed }
  | { readonly type: 'reply'; readonly reply: Reply };

/**
 * From a request to its handler and from what the handler gives or throws to the response. Request lines repeat, so
 * what they resolve to is kept; a handler that has its answer at once is answered at once, in the same turn.
 */
export class Dispatcher {
  private readonly router: Router;
  private readonly rateLimit: RateLimit;
  private readonly writer: ReplyWriter;
  private readonly inOrder = new InOrder();
  private readonly resolved = new Map<string, Resolved>();
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly api: ApiContext) {
    this.router = new Router(api.routes);
    this.rateLimit = new RateLimit(api.settings.requestLimits, api.clock);
    const added = Object.entries(api.settings.responseHeaders).flat();
    const common = ['Vary', 'Accept-Encoding', 'X-Consul-Default-Acl-Policy', 'allow', ...added];
    this.writer = new ReplyWriter(common, api.clock);
  }

  /** Never throws. */
  readonly handle = (message: IncomingMessage, out: ServerResponse): void => {
    this.inOrder.take(message.socket, () => this.respond(message, out));
  };

  /** Never throws nor rejects; without a promise the answer is on its way already. */
  private respond(message: IncomingMessage, out: ServerResponse): void | Promise<void> {
    const { counters } = this.api;
    counters.requests += 1;
    let invalid: InvalidStatus = 400;
    try {
      const found = this.resolve(message.url ?? '/');
      if (found.type === 'reply') return this.answer(message, out, found.reply);
      invalid = found.route.invalidStatus;
      const reply = this.run(message, found.route, found.target);
      if (!(reply instanceof Promise)) return this.answer(message, out, reply);
      return reply.then(
        (later) => this.answer(message, out, later),
        (error: unknown) => this.fail(message, out, error, invalid),
      );
    } catch (error) {
      return this.fail(message, out, error, invalid);
    }
  }

  private run(message: IncomingMessage, route: Route, target: Parsed): Reply | Promise<Reply> {
    const method = message.method ?? '';
    if (method === 'OPTIONS') return { status: 200, headers: ['Allow', allowOf(route, method)] };
    const operation = operationOf(route, method);
    if (!operation) return text(405, `method ${method} not allowed`, ['Allow', allowOf(route, method)]);
    const refused = this.guard(message, route, method !== 'GET' && method !== 'HEAD');
    return refused ?? operation.handler(new ApiRequest(this.api, message, target));
  }

  private guard(message: IncomingMessage, route: Route, write: boolean): Reply | undefined {
    const { settings, counters } = this.api;
    const foreign = write ? crossOrigin(message.headers, settings.allowedHosts) : undefined;
    if (foreign !== undefined) return text(403, `Permission denied: ${foreign}`);
    if (this.rateLimit.mode === 'disabled' || PROBES.has(route.path)) return undefined;
    const seconds = this.rateLimit.take(write);
    if (seconds === 0) return undefined;
    counters.limited += 1;
    if (this.rateLimit.mode === 'permissive') {
      this.warnOfRate(write);
      return undefined;
    }
    return text(429, 'rate limit exceeded, try again later', ['Retry-After', String(seconds)]);
  }

  /** Once a second at most: a flood of requests must not become a flood of log lines. */
  private warnOfRate(write: boolean): void {
    const now = this.api.clock.now();
    if (now - this.warnedAt < 1_000) return;
    this.warnedAt = now;
    this.api.logger.warn({ write, overLimit: this.api.counters.limited }, 'http.rate-limit-exceeded');
  }

  private resolve(url: string): Resolved {
    const known = this.resolved.get(url);
    if (known) return known;
    const found = this.resolveNew(url);
    if (url.length <= limits.parsedTargetChars) {
      // All at once rather than one by one: what is asked again soon is back soon.
      if (this.resolved.size >= limits.parsedTargets) this.resolved.clear();
      this.resolved.set(url, found);
    }
    return found;
  }

  private resolveNew(url: string): Resolved {
    if (url.length > limits.urlBytes) return { type: 'reply', reply: text(414, 'Request URI too long') };
    const target = parseTarget(url);
    if (target.type === 'bad') return { type: 'reply', reply: { status: 400, headers: [] } };
    if (target.type === 'moved') return moved(target.location);
    const match = this.router.find(target.path, target.search);
    if (match.type === 'moved') return moved(match.location);
    if (match.type === 'none')
      return { type: 'reply', reply: text(404, `Invalid URL path: not a recognized HTTP API endpoint`) };
    return { type: 'route', route: match.route, target: parsed(target.query, match.param) };
  }

  private answer(message: IncomingMessage, out: ServerResponse, reply: Reply): void | Promise<void> {
    this.api.counters.count(reply.status);
    if (this.api.blocking.isClosed) out.shouldKeepAlive = false;
    try {
      return this.writer.send(message, out, reply)?.catch((error: unknown) => this.broken(message, out, error));
    } catch (error) {
      this.broken(message, out, error);
    }
  }

  private fail(
    message: IncomingMessage,
    out: ServerResponse,
    error: unknown,
    invalid: InvalidStatus,
  ): void | Promise<void> {
    if (out.destroyed || isDiscoveryError(error, 'ABORTED')) return;
    if (isDiscoveryError(error)) return this.answer(message, out, refusalOf(error, invalid));
    this.log(message, error);
    return this.answer(message, out, text(500, 'internal error'));
  }

  /** The answer had begun: all that is left is to end the connection, so that nobody takes it for whole. */
  private broken(message: IncomingMessage, out: ServerResponse, error: unknown): void {
    this.log(message, error);
    out.destroy();
  }

  /** Without the query: it may carry a token. */
  private log(message: IncomingMessage, error: unknown): void {
    const path = (message.url ?? '').replace(/\?.*$/, '');
    this.api.logger.error({ method: message.method, path, err: error }, 'http.handler-failed');
  }
}

function refusalOf(error: ServiceDiscoveryError, invalid: InvalidStatus): Reply {
  const retryAfter = error.details['retryAfterSeconds'];
  const headers: Headers = typeof retryAfter === 'number' ? ['Retry-After', String(retryAfter)] : [];
  return text(statusOf(error, invalid), error.message, headers);
}

function moved(location: string): Resolved {
  return { type: 'reply', reply: { status: 301, headers: ['Location', location] } };
}

/** HEAD is for probes and pages; under /v1/ it is no method of any path (docs/contract.md section 1.2). */
function operationOf(route: Route, method: string): Operation | undefined {
  if (method === 'HEAD' && !route.path.startsWith('/v1/')) return route.methods.GET;
  return Object.hasOwn(route.methods, method) ? route.methods[method as Method] : undefined;
}

/** What a refused method is told; a question with OPTIONS hears of OPTIONS everywhere. */
function allowOf(route: Route, method: string): string {
  const methods = Object.keys(route.methods);
  return (route.plainAllow && method !== 'OPTIONS' ? methods : ['OPTIONS', ...methods]).join(',');
}
