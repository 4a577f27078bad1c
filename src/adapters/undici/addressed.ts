import type { Dispatcher } from 'undici';
import type { PickedEndpoint } from '../../client/index.js';
import type { ServiceEndpoint } from '../../model/index.js';
import { hostPort } from '../service-host.js';

export interface AddressingOptions {
  readonly hostHeader: 'service' | 'endpoint';
  readonly servername: string | ((endpoint: ServiceEndpoint) => string) | undefined;
}

type Headers = Dispatcher.DispatchOptions['headers'];

/** The request as it goes to one endpoint: its address, the name of the service in `Host` and, over TLS, as SNI. */
export function addressed(
  request: Dispatcher.DispatchOptions,
  { endpoint }: PickedEndpoint,
  { hostHeader, servername }: AddressingOptions,
): Dispatcher.DispatchOptions {
  const origin = String(request.origin);
  const slashes = origin.indexOf('//');
  const end = origin.indexOf('/', slashes + 2);
  const authority = end < 0 ? origin.slice(slashes + 2) : origin.slice(slashes + 2, end);
  const scheme = origin.slice(0, slashes);
  const port = endpoint.port === 0 ? portOf(authority, scheme) : endpoint.port;
  const out: Dispatcher.DispatchOptions & { servername?: string } = {
    ...request,
    origin: `${scheme}//${hostPort(endpoint.address, port)}`,
  };
  if (hostHeader === 'service') out.headers = withHost(request.headers, authority);
  if (scheme === 'https:') {
    const given = typeof servername === 'function' ? servername(endpoint) : servername;
    out.servername = given ?? authority.replace(/:\d+$/, '');
  }
  return out;
}

function portOf(authority: string, scheme: string): number {
  const given = /:(\d+)$/.exec(authority)?.[1];
  if (given !== undefined) return Number(given);
  return scheme === 'https:' ? 443 : 80;
}

/** undici takes a flat list, pairs, or an object; one `host` given by the caller stays. */
function withHost(headers: Headers, host: string): Headers {
  if (headers === undefined || headers === null) return { host };
  if (Array.isArray(headers)) return withHostInList(headers, host);
  if (isIterable(headers)) return withHostInPairs(headers, host);
  for (const name in headers) if (isHost(name)) return headers;
  return { host, ...headers };
}

function withHostInList(list: string[], host: string): Headers {
  for (let i = 0; i < list.length; i += 2) if (isHost(String(list[i]))) return list;
  return ['host', host, ...list];
}

/** undici takes pairs from an iterable, but not from an array of them: they become a flat list. */
function withHostInPairs(pairs: Iterable<[string, string | string[] | undefined]>, host: string): Headers {
  const all = [...pairs];
  const flat = all.flatMap(([name, value]) => (value === undefined ? [] : [name, value])) as string[];
  return all.some(([name]) => isHost(name)) ? flat : ['host', host, ...flat];
}

function isIterable(headers: object): headers is Iterable<[string, string | string[] | undefined]> {
  return Symbol.iterator in headers;
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host';
}
