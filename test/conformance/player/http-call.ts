import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Json, Step } from './format.js';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Undefined when the body is no JSON. */
  readonly json: Json | undefined;
  readonly tookMs: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** Sends the path as it stands, but for blanks and the like: scenarios send paths no URL parser would leave alone. */
export function call(origin: URL, step: Step): Promise<HttpAnswer> {
  const [method = 'GET', path = '/'] = split(step.http ?? '');
  const body = bodyOf(step);
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: origin.hostname.replace(/^\[|\]$/g, ''),
        port: origin.port,
        method,
        path,
        agent: false,
        timeout: step.timeout ?? DEFAULT_TIMEOUT_MS,
        headers: { ...(body === undefined || step.chunked ? {} : { 'Content-Length': body.length }), ...step.headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const headers = new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
          const raw = Buffer.concat(chunks);
          const whole = headers.get('content-encoding') === 'gzip' ? gunzipSync(raw) : raw;
          const tookMs = performance.now() - began;
          resolve({ status: response.statusCode ?? 0, headers, body: whole, json: parse(whole), tookMs });
        });
      },
    );
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error(`${step.http} was not answered in time`)));
    sent.end(body);
  });
}

function split(http: string): readonly string[] {
  const space = http.indexOf(' ');
  return [http.slice(0, space), http.slice(space + 1).replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent)];
}

function bodyOf({ json, text, base64, repeat }: Step): Buffer | undefined {
  if (json !== undefined) return Buffer.from(JSON.stringify(json));
  if (text !== undefined) return Buffer.from(text);
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  return repeat && Buffer.alloc(repeat[1], repeat[0]);
}

function parse(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString()) as Json;
  } catch {
    return undefined;
  }
}
