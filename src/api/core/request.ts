import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { allowAll, decodeText, isDiscoveryError, limits, toJson } from '../../model/index.js';
import type { Action, Caller, DecodeOptions, ResourceKind } from '../../model/index.js';
import type { ApiContext } from '../context.js';
import { bodyTooLarge, readBody } from './body.js';
import { badRequest, refusal, withStatus } from './errors.js';
import type { Query } from './query.js';
import { jsonBytes, text, textBody } from './reply.js';
import type { Body, BodyReply, Headers } from './reply.js';
import { noPath } from '../sources.js';
import type { ReadSource } from '../sources.js';
import { utf8 } from './url.js';

/** What a request line says, parsed once and shared by all requests that spell it the same. */
export interface Parsed {
  readonly query: Query;
  /** The rest of the path after the route's prefix, percent-decoded, as bytes in latin1 form. */
  readonly paramBytes: string;
  /** The same as text. */
  readonly param: string;
  /** Worked out by the first read of this request line; see read-options.ts. */
  read?: unknown;
}

export function parsed(query: Query, paramBytes: string): Parsed {
  return { query, paramBytes, param: utf8(paramBytes) };
}

/** One request, as the handlers of all families see it. */
export class ApiRequest {
  constructor(
    readonly api: ApiContext,
    readonly message: IncomingMessage,
    readonly target: Parsed,
  ) {}

  get query(): Query {
    return this.target.query;
  }

  get param(): string {
    return this.target.param;
  }

  /** The parameter, or 400 with this text when the path ends before it. */
  required(missing: string): string {
    if (this.target.param === '') throw badRequest(missing);
    return this.target.param;
  }

  header(name: string): string {
    const value = this.message.headers[name];
    return typeof value === 'string' ? value : '';
  }

  /** docs/contract.md section 1.4: the parameter beats the header beats Bearer. */
  get token(): string {
    if (!this.query.isEmpty) {
      const given = this.query.get('token');
      if (given !== '') return given;
    }
    const own = this.message.headers['x-consul-token'];
    if (typeof own === 'string' && own !== '') return own;
    const authorization = this.message.headers.authorization;
    if (authorization === undefined) return '';
    return /^bearer\s+(\S+)/i.exec(authorization)?.[1] ?? '';
  }

  get caller(): Caller {
    return { token: this.token };
  }

  /** Whether every read may answer from what is prepared for all. */
  get unrestricted(): boolean {
    return this.api.policy === allowAll;
  }

  may(kind: ResourceKind, name: string, action: Action): boolean {
    return this.api.policy === allowAll || this.api.policy(this.token, { kind, name }, action);
  }

  demand(kind: ResourceKind, name: string, action: Action): void {
    if (!this.may(kind, name, action)) throw refusal(403, 'Permission denied', 'PERMISSION_DENIED');
  }

  json(value: unknown, headers: Headers = [], status = 200): BodyReply {
    return jsonBytes(textBody(toJson(value, this.query.has('pretty'))), headers, status);
  }

  /** A body that is made already, indented when asked for. */
  made(body: Body, headers: Headers): BodyReply {
    if (!this.query.has('pretty')) return jsonBytes(body, headers);
    return this.json(JSON.parse(body.bytes.toString('utf8')), headers);
  }

  /** 404 with a text, for reads that carry their index even then. */
  notFound(message: string, headers: Headers): BodyReply {
    return text(404, message, headers);
  }

  /** Namespaces and partitions are refused wherever Consul looks for them (docs/contract.md section 1.4). */
  refuseNamespaces(): void {
    refuseEnterprise(this, 'ns', 'X-Consul-Namespace', 'Namespaces');
    refuseEnterprise(this, 'partition', 'X-Consul-Partition', 'Partitions');
  }

  /** Of the datacenter that is asked for. Throws for one that is not known. */
  source(): ReadSource {
    const { sources } = this.api;
    return this.query.isEmpty ? sources.local : sources.of(this.datacenter);
  }

  /** '' = ours. */
  get datacenter(): string {
    return this.query.get('datacenter') || this.query.get('dc');
  }

  /** Only our own datacenter can be asked. `named` is what a body says; the parameter wins. */
  requireLocalDatacenter(named = ''): void {
    const asked = this.query.isEmpty ? named : this.datacenter || named;
    if (asked !== '' && asked !== this.api.handle.catalog.datacenter) noPath();
  }

  /** Nothing answers as if it knew before the first snapshot is applied. */
  requireReady(): void {
    if (!this.api.handle.catalog.ready) throw refusal(500, 'No cluster leader', 'NOT_READY');
  }

  bytes(maxBytes: number = limits.requestBodyBytes, option = ''): Promise<Buffer> {
    return readBody(this.message, this.api.clock, maxBytes, bodyTooLarge(maxBytes, option));
  }

  /** The JSON body as the schema's type. What is wrong with it is 400 in every family. */
  async decode<S extends z.ZodType>(schema: S, options: Partial<BodyOptions> = {}): Promise<z.infer<S>> {
    const bytes = await this.bytes(options.maxBytes, options.limitOption);
    try {
      return decodeText(schema, bytes.toString('utf8'), { ...DECODING, ...options });
    } catch (error) {
      throw isDiscoveryError(error) ? withStatus(error, 400) : error;
    }
  }
}

export interface BodyOptions extends DecodeOptions {
  readonly prefix: string;
  readonly bigints: boolean;
  readonly maxBytes: number;
  /** Consul's option behind the size bound, named in the refusal. */
  readonly limitOption: string;
}

const DECODING = { unknown: 'refuse', prefix: 'Request decode failed: ' } as const;

function refuseEnterprise(request: ApiRequest, parameter: string, header: string, feature: string): void {
  const what = ` - ${feature} are a Consul Enterprise feature`;
  if (!request.query.isEmpty && request.query.get(parameter) !== '') {
    throw badRequest(`Invalid query parameter: "${parameter}"${what}`);
  }
  if (request.header(header.toLowerCase()) !== '') throw badRequest(`Invalid header: "${header}"${what}`);
}
