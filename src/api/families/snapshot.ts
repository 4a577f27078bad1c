import type { ServerResponse } from 'node:http';
import { limits, wholeState } from '../../model/index.js';
import { bodyTooLarge } from '../core/body.js';
import { refusal } from '../core/errors.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { drained } from '../core/stream.js';
import { readOptions } from '../read-options.js';
import { readHeaders, stateRead, withHome } from '../reads.js';

/**
 * snapshot (docs/contract.md section 3.13): the archive is the store's; here it goes out and comes in, never whole in
 * memory.
 */
export const snapshotRoutes = family(500, {
  '/v1/snapshot': {
    GET: { handler: save, summary: 'The whole state as an archive' },
    PUT: { handler: restore, summary: 'Replace the whole state by an archive, all or nothing' },
  },
});

/** What the home decides is in it too, as new as it is to be: an archive without keys would delete them all. */
function save(request: ApiRequest): Reply | Promise<Reply> {
  const options = readOptions(request);
  request.requireLocalDatacenter();
  request.requireReady();
  request.demand('operator', '', 'write');
  const { cluster, handle, snapshots, sources } = request.api;
  return withHome(request, options, () => {
    const snapshot = wholeState(handle.catalog, cluster.home);
    const headers = readHeaders(request, sources.local, stateRead, options, snapshot.index);
    return {
      status: 200,
      headers: ['Content-Type', 'application/x-gzip', ...headers],
      run: (out) => send(out, snapshots.write(snapshot)),
    };
  });
}

async function send(out: ServerResponse, parts: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const part of parts) {
    if (out.destroyed) return;
    if (!out.write(part)) await drained(out);
  }
  out.end();
}

async function restore(request: ApiRequest): Promise<Reply> {
  request.requireLocalDatacenter();
  request.demand('operator', '', 'write');
  const { rows, node } = await request.api.snapshots.read(bounded(request));
  await request.api.handle.registry.restore(rows, request.caller, node);
  return done;
}

async function* bounded(request: ApiRequest): AsyncIterable<Uint8Array> {
  let bytes = 0;
  // Not destroyed when it is refused midway: the connection still has to carry the answer.
  const parts = request.message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > limits.snapshotBytes) {
      throw refusal(413, bodyTooLarge(limits.snapshotBytes)(bytes), 'TOO_LARGE');
    }
    yield part;
  }
}
