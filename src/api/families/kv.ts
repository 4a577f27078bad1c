import { keyText, kvToWire, strconvError } from '../../model/index.js';
import type { KvRow, KvWrite } from '../../model/index.js';
import { badRequest, refusal } from '../core/errors.js';
import { parseUint } from '../core/query.js';
import { Body } from '../core/reply.js';
import type { Headers, Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { bytesOf } from '../core/url.js';
import { homeRead, stateRead } from '../reads.js';

/** kv/… (docs/contract.md section 3.5). Keys are bytes; they travel here as latin1 text, as KvRow holds them. */
export const kvRoutes = family(500, {
  '/v1/kv/{key}': {
    GET: {
      handler: read,
      summary: 'A key, all keys under a prefix, or their names',
      query: ['recurse', 'raw', 'keys', 'separator'],
      blocking: true,
    },
    PUT: { handler: put, summary: 'Write a key', query: ['flags', 'cas', 'acquire', 'release'] },
    DELETE: { handler: remove, summary: 'Delete a key or all under a prefix', query: ['recurse', 'cas'] },
  },
});

function read(request: ApiRequest): Reply | Promise<Reply> {
  if (request.query.has('keys')) return listKeys(request);
  if (request.query.has('recurse')) return recurse(request);
  return readOne(request);
}

function readOne(request: ApiRequest): Reply | Promise<Reply> {
  const key = request.target.paramBytes;
  return homeRead(
    request,
    stateRead,
    (catalog) => {
      request.required('Missing key name');
      return catalog.kvAnswer(key);
    },
    (row, headers) => {
      request.demand('key', keyText(key), 'read');
      if (!row) return { status: 404, headers };
      return request.query.has('raw') ? raw(row, headers) : request.json([kvToWire(row)], headers);
    },
  );
}

/** Whatever was stored, never run by a browser. */
function raw(row: KvRow, headers: Headers): Reply {
  const safe = [
    'Content-Type',
    'text/plain',
    'X-Content-Type-Options',
    'nosniff',
    'Content-Security-Policy',
    'sandbox',
  ];
  return { status: 200, headers: [...safe, ...headers], body: new Body(Buffer.from(row.value, 'base64')) };
}

function recurse(request: ApiRequest): Reply | Promise<Reply> {
  return homeRead(
    request,
    stateRead,
    (catalog) => catalog.kvList(request.target.paramBytes),
    (rows, headers) => {
      const shown = readable(request, rows);
      if (shown.length === 0) return { status: 404, headers };
      return request.json(
        shown.map((row) => kvToWire(row)),
        headers,
      );
    },
  );
}

function listKeys(request: ApiRequest): Reply | Promise<Reply> {
  const prefix = request.target.paramBytes;
  const separator = bytesOf(request.query.get('separator') || request.query.get('seperator'));
  return homeRead(
    request,
    stateRead,
    (catalog) => catalog.kvList(prefix),
    (rows, headers) => {
      const shown = readable(request, rows);
      if (shown.length === 0 && prefix !== '') return { status: 404, headers };
      const names = new Set(shown.map((row) => cut(row.key, prefix, separator)));
      return request.json([...names].map(keyText), headers);
    },
  );
}

/** Up to and with the first separator past the prefix. */
function cut(key: string, prefix: string, separator: string): string {
  if (separator === '') return key;
  const at = key.indexOf(separator, prefix.length);
  return at < 0 ? key : key.slice(0, at + separator.length);
}

function readable(request: ApiRequest, rows: readonly KvRow[]): readonly KvRow[] {
  return request.unrestricted ? rows : rows.filter((row) => request.may('key', keyText(row.key), 'read'));
}

async function put(request: ApiRequest): Promise<Reply> {
  beginWrite(request);
  request.required('Missing key name');
  refuseConflicts(request, ['cas', 'acquire', 'release']);
  const flags = request.query.has('flags') ? uint(request.query.get('flags')) : 0n;
  const mode = writeMode(request);
  const value = await request.bytes(request.api.settings.kvMaxValueBytes, 'kv_max_value_size');
  const write = { key: request.target.paramBytes, value: value.toString('base64'), flags, mode };
  return request.json(await request.api.handle.registry.kvPut(write, request.caller));
}

function writeMode({ query }: ApiRequest): KvWrite['mode'] {
  if (query.has('cas')) return { type: 'cas', index: Number(uint(query.get('cas'))) };
  if (query.has('acquire')) return { type: 'acquire', session: query.get('acquire') };
  if (query.has('release')) return { type: 'release', session: query.get('release') };
  return { type: 'set' };
}

async function remove(request: ApiRequest): Promise<Reply> {
  beginWrite(request);
  const { query } = request;
  const { registry } = request.api.handle;
  const key = request.target.paramBytes;
  refuseConflicts(request, ['recurse', 'cas']);
  if (query.has('recurse')) {
    return request.json(await registry.kvDelete({ key, mode: { type: 'prefix' } }, request.caller));
  }
  request.required('Missing key name');
  const mode = query.has('cas') ? ({ type: 'cas', index: Number(uint(query.get('cas'))) } as const) : KEY;
  return request.json(await registry.kvDelete({ key, mode }, request.caller));
}

const KEY = { type: 'key' } as const;

function beginWrite(request: ApiRequest): void {
  request.refuseNamespaces();
  request.requireLocalDatacenter();
}

function refuseConflicts({ query }: ApiRequest, exclusive: readonly string[]): void {
  if (exclusive.filter((name) => query.has(name)).length > 1) {
    throw badRequest(`Conflicting flags: ${query.encode()}`);
  }
}

function uint(text: string): bigint {
  const value = parseUint(text);
  if (value === undefined) {
    throw refusal(500, strconvError('ParseUint', text, /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'));
  }
  return value;
}
