import { Agent as PlainAgent, request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { CheckDefinition, CheckResult, CheckRunner } from '../model/index.js';
import { invalid, limits } from '../model/index.js';
import { onAbort } from '../runtime/index.js';
import { type Dialer, tlsOptions } from './dialer.js';
import { dialFailure, exchangeFailure, isDialError, timedOut } from './failure.js';
import { outputLimit, TailBuffer } from './output.js';

/**
 * HTTP probe (docs/contract.md section 4): 2xx passing, 429 warning, everything else critical. A new connection each
 * time, so that the check sees what a new client sees, TLS handshake included. The verdict stands once the status line
 * is there: a body that never ends, or breaks off, does not change it, and is read only as far as a bound.
 */
export function httpRunner(dialer: Dialer): CheckRunner {
  const agents: Agents = {
    'http:': new PlainAgent({ keepAlive: false }),
    'https:': new TlsAgent({ keepAlive: false, maxCachedSessions: 0 }),
  };
  return {
    async run(check, signal) {
      const method = check.method === '' ? 'GET' : check.method;
      try {
        const answer = await follow(firstRequest(check, method), check, { dialer, agents, signal });
        return verdict(`HTTP ${method} ${withoutPassword(check.target)}`, answer);
      } catch (error) {
        return { status: 'critical', output: failure(method, check.target, error, signal) };
      }
    },
  };
}

type Agents = Record<'http:' | 'https:', PlainAgent>;

interface Means {
  readonly dialer: Dialer;
  readonly agents: Agents;
  readonly signal: AbortSignal;
}

interface Probe {
  readonly url: URL;
  readonly method: string;
  readonly header: readonly (readonly [name: string, values: readonly string[]])[];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly location: string | undefined;
  readonly body: string;
}

function verdict(probe: string, { status, reason, body }: Answer): CheckResult {
  const output = `${probe}: ${status}${reason === '' ? '' : ` ${reason}`} Output: ${body}`;
  if (status >= 200 && status < 300) return { status: 'passing', output };
  return { status: status === 429 ? 'warning' : 'critical', output };
}

/** The asked header names as given, ours only where the check has none of its own. */
function firstRequest(check: CheckDefinition, method: string): Probe {
  const header = Object.entries(check.header ?? {});
  const given = new Set(header.map(([name]) => name.toLowerCase()));
  if (!given.has('user-agent')) header.push(['User-Agent', ['Consul Health Check']]);
  if (!given.has('accept')) header.push(['Accept', ['text/plain, text/*, */*']]);
  return { url: new URL(check.target), method, header, body: check.body };
}

async function follow(first: Probe, check: CheckDefinition, means: Means): Promise<Answer> {
  let probe = first;
  for (let redirects = 0; ; redirects++) {
    const answer = await exchange(probe, check, means);
    const next = check.disableRedirects ? undefined : redirected(probe, answer);
    if (!next) return answer;
    if (redirects === limits.checkRedirects) throw invalid(`stopped after ${limits.checkRedirects} redirects`);
    probe = next;
  }
}

/** As Go's client: 301, 302 and 303 become GET without a body, 307 and 308 repeat the request as it was. */
function redirected(probe: Probe, { status, location }: Answer): Probe | undefined {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  if (!URL.canParse(location, probe.url.href)) throw invalid(`failed to parse Location header "${location}"`);
  const url = new URL(location, probe.url);
  const repeat = status === 307 || status === 308 || probe.method === 'HEAD';
  const dropped = new Set([
    ...(url.host === probe.url.host ? [] : ['authorization', 'cookie', 'cookie2', 'www-authenticate']),
    ...(URL.canParse(location) ? ['host'] : []),
    ...(repeat ? [] : ['content-type', 'content-length']),
  ]);
  return {
    url,
    method: repeat ? probe.method : 'GET',
    header: probe.header.filter(([name]) => !dropped.has(name.toLowerCase())),
    body: repeat ? probe.body : '',
  };
}

function exchange(probe: Probe, check: CheckDefinition, means: Means): Promise<Answer> {
  const secure = probe.url.protocol === 'https:';
  if (!secure && probe.url.protocol !== 'http:')
    throw invalid(`unsupported protocol scheme "${probe.url.protocol.slice(0, -1)}"`);
  const options = requestOptions(probe, means);
  means.dialer.permit(options.host as string);
  return new Promise((resolve, reject) => {
    const request = secure ? tlsRequest({ ...options, ...tlsOptions(check) }) : plainRequest(options);
    const ignore = onAbort(means.signal, () => request.destroy(means.signal.reason as Error));
    request.on('error', (error) => {
      ignore();
      reject(error);
    });
    // An answer that is no response (a switch of protocols, a tunnel) ends the connection without an error.
    const endedSilently = (): void => reject(new Error('socket hang up'));
    request.once('close', endedSilently);
    request.on('response', (response) => {
      request.off('close', endedSilently);
      readAnswer(response, outputLimit(check), (answer) => {
        ignore();
        request.destroy();
        resolve(answer);
      });
    });
    request.end(probe.body === '' ? undefined : probe.body);
  });
}

function requestOptions({ url, method, header, body }: Probe, { agents, dialer }: Means): RequestOptions {
  return {
    agent: agents[url.protocol as keyof Agents],
    host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
    port: url.port === '' ? undefined : url.port,
    path: `${url.pathname}${url.search}`,
    method,
    lookup: dialer.lookup,
    auth: url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`,
    headers: headerFields(url, header, body) as unknown as RequestOptions['headers'],
  };
}

/** A null prototype, so that a header of any name is only a header. */
function headerFields(url: URL, header: Probe['header'], body: string): Record<string, string | readonly string[]> {
  const fields = Object.create(null) as Record<string, string | readonly string[]>;
  fields['Host'] = url.host;
  for (const [name, values] of header) {
    const [only = ''] = values;
    if (name.toLowerCase() === 'host') fields['Host'] = only;
    else fields[name] = values.length === 1 ? only : values;
  }
  if (body !== '') fields['Content-Length'] = String(Buffer.byteLength(body));
  return fields;
}

function readAnswer(response: IncomingMessage, keepBytes: number, done: (answer: Answer) => void): void {
  const body = new TailBuffer(keepBytes);
  const finish = (): void => {
    done({
      status: response.statusCode ?? 0,
      reason: response.statusMessage ?? '',
      location: response.headers.location,
      body: body.toString(),
    });
  };
  response.on('data', (chunk: Buffer) => {
    body.push(chunk);
    if (body.totalBytes >= limits.checkBodyBytes) response.destroy();
  });
  response.on('error', () => {});
  response.once('close', finish);
}

/** `Get "http://…": dial tcp 127.0.0.1:1: connect: connection refused`, as Go's client words it. */
function failure(method: string, url: string, error: unknown, signal: AbortSignal): string {
  const verb = `${method.slice(0, 1).toUpperCase()}${method.slice(1).toLowerCase()}`;
  return `${verb} "${withoutPassword(url)}": ${reason(url, error, signal)}`;
}

function reason(url: string, error: unknown, signal: AbortSignal): string {
  if (timedOut(signal)) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  if (signal.aborted) return 'context canceled';
  if (isDialError(error) && URL.canParse(url)) return dialFailure('tcp', new URL(url).host, error);
  return exchangeFailure(error);
}

function withoutPassword(url: string): string {
  if (!url.includes('@') || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.password === '') return url;
  parsed.password = 'xxxxx';
  return parsed.href;
}
