import type { ServerResponse } from 'node:http';
import { checkServiceNodeShape } from '../catalog/index.js';
import { limits, topic } from '../model/index.js';
import type { ServiceView } from '../model/index.js';
import { refusal } from './core/errors.js';
import type { Reply } from './core/reply.js';
import type { ApiRequest } from './core/request.js';
import { onceOver } from './core/stream.js';
import { healthBody, parsePassing } from './families/health.js';
import { readOptions } from './read-options.js';
import { filterOf } from './select.js';
import type { ReadSource } from './sources.js';

/**
 * GET /v1/watch/service/:name as server-sent events (WHATWG HTML 9.2). Every event is the full set of instances, as
 * health/service gives it; its id is the index with the space that index means something in. A client that comes back
 * with the id of what it has gets nothing until there is something newer. Level-triggered: a reader slower than the
 * changes skips sets, so at most one event waits for it, and one that takes nothing for a minute is cut.
 */
export function watchService(request: ApiRequest): Reply {
  const name = request.required('Missing service name');
  const passing = parsePassing(request.query);
  const options = readOptions(request);
  const source = request.source();
  source.catalog();
  // A bad filter is refused now: later there is no status left to say it with.
  filterOf(options.filter, checkServiceNodeShape);
  const { counters } = request.api;
  if (counters.streams >= limits.watchStreams) throw refusal(503, 'Too many watches', 'UNAVAILABLE');
  const encode = (view: ServiceView): Buffer => healthBody(request, source, options, view, passing).bytes;
  return {
    status: 200,
    headers: [
      'Content-Type',
      'text/event-stream',
      'Cache-Control',
      'no-store',
      'X-Discovery-Index-Space',
      source.indexSpace(),
    ],
    run: (out) => new Stream(request, source, name, out, encode).run(),
  };
}

class Stream {
  /** Id of the last set sent, or that the client says it has. */
  private sent: string;
  private scheduled = false;
  private blocked = false;
  private cancelHeartbeat = (): void => {};

  constructor(
    private readonly request: ApiRequest,
    private readonly source: ReadSource,
    private readonly name: string,
    private readonly out: ServerResponse,
    private readonly encode: (view: ServiceView) => Buffer,
  ) {
    this.sent = request.header('last-event-id');
  }

  run(): Promise<void> {
    const { cluster, counters, streams } = this.request.api;
    counters.streams += 1;
    const catalog = this.source.catalog();
    const unsubscribe = catalog.subscribe(topic.service(this.name), () => this.schedule());
    const end = (): void => void this.out.end();
    // Clients come back with the id of what they have, and are given what there is then.
    const forget = cluster.onReplaced(() => this.source.find() === catalog || end());
    streams.add(end);
    this.out.on('drain', () => {
      this.blocked = false;
      this.send();
    });
    this.out.flushHeaders();
    this.send();
    this.beat();
    return new Promise((resolve) => {
      onceOver(this.out, () => {
        counters.streams -= 1;
        streams.delete(end);
        unsubscribe();
        forget();
        this.cancelHeartbeat();
        resolve();
      });
    });
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.send();
    });
  }

  private send(): void {
    if (this.blocked || this.out.writableEnded || this.out.destroyed) return;
    const view = this.source.find()?.serviceView(this.name);
    if (!view) return;
    const id = `${this.source.indexSpace()}:${view.index}`;
    if (id === this.sent) return;
    this.sent = id;
    this.out.cork();
    this.out.write(`id: ${id}\nevent: service\ndata: `);
    this.out.write(this.encode(view));
    this.blocked = !this.out.write('\n\n');
    this.out.uncork();
  }

  /** A comment now and then keeps middle boxes from closing, and finds out clients that are gone. */
  private beat(): void {
    this.cancelHeartbeat = this.request.api.clock.after(limits.watchHeartbeatMs, () => {
      if (!this.blocked && !this.out.writableEnded) this.out.write(':\n\n');
      this.beat();
    });
  }
}
