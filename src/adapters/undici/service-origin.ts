import type { Dispatcher } from 'undici';
import type { ServiceResolution } from '../../client/index.js';
import type { ServiceEndpoint } from '../../model/index.js';
import { hostPort } from '../service-host.js';

export interface AddressingOptions {
  readonly hostHeader: 'service' | 'endpoint';
  readonly servername: string | ((endpoint: ServiceEndpoint) => string) | undefined;
}

type Headers = Dispatcher.DispatchOptions['headers'];

/** The origin of a URL that names a service, read once for all requests to it. */
export class ServiceOrigin {
  /** `orders.service:8080` */
  private readonly authority: string;
  /** `http:` */
  private readonly scheme: string;
  /** Of the URL, for instances that gave none. */
  private readonly port: number;
  private readonly hostname: string;
  /** Endpoints keep their identity from set to set. */
  private readonly addresses = new WeakMap<ServiceEndpoint, string>();

  constructor(
    origin: string,
    readonly resolution: ServiceResolution,
    private readonly options: AddressingOptions,
  ) {
    const { protocol, host, hostname, port } = new URL(origin);
    this.scheme = protocol;
    this.authority = host;
    this.hostname = hostname;
    this.port = port !== '' ? Number(port) : protocol === 'https:' ? 443 : 80;
  }

  /** The request as it goes to one endpoint: its address, the name of the service in `Host` and, over TLS, as SNI. */
  addressed(request: Dispatcher.DispatchOptions, endpoint: ServiceEndpoint): Dispatcher.DispatchOptions {
    const { hostHeader, servername } = this.options;
    const out: Dispatcher.DispatchOptions & { servername?: string } = { ...request, origin: this.addressOf(endpoint) };
    if (hostHeader === 'service') out.headers = withHost(request.headers, this.authority);
    if (this.scheme === 'https:') {
      const given = typeof servername === 'function' ? servername(endpoint) : servername;
      out.servername = given ?? this.hostname;
    }
    return out;
  }

  private addressOf(endpoint: ServiceEndpoint): string {
    const known = this.addresses.get(endpoint);
    if (known !== undefined) return known;
    const port = endpoint.port === 0 ? this.port : endpoint.port;
    const address = `${this.scheme}//${hostPort(endpoint.address, port)}`;
    this.addresses.set(endpoint, address);
    return address;
  }
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
