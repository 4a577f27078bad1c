/**
 * Questions over HTTPS (RFC 8484): POST of a message whose id is 0. The age of an answer out of some HTTP cache is told,
 * so that TTLs can be reduced by it. undici keeps the connections, and lets the process end while they are idle.
 */
import type { Dispatcher, Pool } from 'undici';
import { limits } from '../../model/index.js';
import { DnsParseError, echoOf, maxMessageBytes } from '../wire/index.js';
import type { CheckedAddress } from './server-address.js';
import { tlsOptions } from './tls-options.js';
import type { Asked, Transport, TransportListener } from './transport.js';

const mediaType = 'application/dns-message';

export class HttpsTransport implements Transport {
  private pool: Promise<Pool> | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly address: CheckedAddress) {}

  ask(query: Buffer, listener: TransportListener): Asked {
    query.writeUInt16BE(0, 0);
    const asking = new AbortController();
    void this.exchange(query, asking.signal).then(
      ({ answer, ageSeconds }) => {
        if (asking.signal.aborted) return;
        const echo = echoOf(answer, query);
        if (echo === 'none') listener.failed(new DnsParseError('the answer is to another question', 0));
        else listener.answered(answer, echo, ageSeconds);
      },
      (error: unknown) => {
        if (!asking.signal.aborted) listener.failed(error as Error);
      },
    );
    return { cancel: () => asking.abort() };
  }

  close(): void {
    this.closing.abort();
    void this.pool?.then((pool) => pool.destroy()).catch(() => {});
  }

  private async exchange(query: Buffer, signal: AbortSignal): Promise<{ answer: Buffer; ageSeconds: number }> {
    if (this.closing.signal.aborted) throw new Error('the client is closed');
    const pool = await (this.pool ??= openPool(this.address));
    signal.throwIfAborted();
    const { statusCode, headers, body } = await pool.request({
      method: 'POST',
      path: this.address.path,
      headers: { 'content-type': mediaType, accept: mediaType },
      body: query,
      signal,
    });
    if (statusCode !== 200) {
      body.on('error', () => {}).destroy();
      throw new Error(`HTTP status ${statusCode}`);
    }
    const type = textOf(headers['content-type']).split(';', 1)[0]?.trim().toLowerCase();
    if (type !== mediaType) {
      body.on('error', () => {}).destroy();
      throw new DnsParseError(`the answer is of type "${type ?? ''}"`, 0);
    }
    return { answer: await bytesOf(body), ageSeconds: Number.parseInt(textOf(headers['age']), 10) || 0 };
  }
}

/** Loaded when first needed: most clients ask over UDP. */
async function openPool(address: CheckedAddress): Promise<Pool> {
  const { Pool } = await import('undici');
  const { host, port } = address;
  const place = host.includes(':') ? `[${host}]` : host;
  return new Pool(`https://${place}:${port}`, {
    connections: limits.dnsClientConnections,
    allowH2: true,
    connect: tlsOptions(address),
    bodyTimeout: 0,
    headersTimeout: 0,
  });
}

async function bytesOf(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    size += (piece as Buffer).length;
    if (size > maxMessageBytes) throw new DnsParseError('the answer is larger than a message can be', maxMessageBytes);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : (header?.[0] ?? '');
}
