import type { ServerResponse } from 'node:http';
import { limits } from '../model/index.js';
import { badRequest } from './core/errors.js';
import type { Reply } from './core/reply.js';
import type { ApiRequest } from './core/request.js';
import { onceOver } from './core/stream.js';
import type { LogLevel } from './dependencies.js';

const LEVELS: ReadonlyMap<string, LogLevel> = new Map<string, LogLevel>([
  ['', 'info'],
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['err', 'error'],
  ['error', 'error'],
]);

/** agent/monitor: log lines as they come. A reader too slow for them is cut, so that it cannot hold memory. */
export function monitor(request: ApiRequest): Reply {
  const { registry } = request.api.handle;
  request.demand('agent', registry.nodeName, 'read');
  const asked = request.query.get('loglevel');
  const level = LEVELS.get(asked.toLowerCase());
  if (!level) throw badRequest(`Unknown log level: ${asked}`);
  const json = request.query.has('logjson');
  return {
    status: 200,
    headers: ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff'],
    run: (out) => follow(request, out, (write) => request.api.actions.monitor(level, json, write)),
  };
}

function follow(
  { api: { streams } }: ApiRequest,
  out: ServerResponse,
  start: (write: (line: string) => void) => () => void,
): Promise<void> {
  return new Promise((resolve) => {
    // A quiet log is no stalled reader.
    out.socket?.setTimeout(0);
    out.flushHeaders();
    const stop = start((line) => {
      out.write(`${line}\n`);
      if (out.writableLength > limits.socketBacklogBytes) out.destroy();
    });
    // No line may follow the end.
    const end = (): void => {
      stop();
      out.end();
    };
    streams.add(end);
    onceOver(out, () => {
      stop();
      streams.delete(end);
      resolve();
    });
  });
}
