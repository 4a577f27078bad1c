import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaults, invalid } from '../model/index.js';

/** Which agent a command talks to and as whom; from flags, else from the variables Consul's own CLI reads. */
export interface AgentAddress {
  /** `http://127.0.0.1:8500`, or `http://localhost` with `socketPath`. */
  readonly origin: string;
  readonly socketPath: string | undefined;
  /** As shown to people. */
  readonly shown: string;
  readonly token: string;
  readonly authorization: string | undefined;
  readonly tls: TlsOptions;
}

interface TlsOptions {
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface AddressFlags {
  readonly httpAddr?: string;
  readonly token?: string;
}

export async function agentAddress(flags: AddressFlags, env: NodeJS.ProcessEnv): Promise<AgentAddress> {
  const given = flags.httpAddr ?? set(env['CONSUL_HTTP_ADDR']);
  const where = parseAddress(given ?? `127.0.0.1:${defaults.httpPort}`, isTrue(env['CONSUL_HTTP_SSL']));
  const credentials = set(env['CONSUL_HTTP_AUTH']);
  return {
    ...where,
    token: flags.token ?? set(env['CONSUL_HTTP_TOKEN']) ?? (await tokenFile(env)),
    authorization: credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
    tls: await tlsOptions(env),
  };
}

/** `HOST:PORT`, `http://…`, `https://…`, `unix:///path`. */
function parseAddress(
  text: string,
  preferTls = false,
): { readonly origin: string; readonly socketPath: string | undefined; readonly shown: string } {
  if (text.startsWith('unix://')) {
    return { origin: 'http://localhost', socketPath: text.slice('unix://'.length), shown: text };
  }
  const url = /^https?:\/\//i.test(text) ? text : `${preferTls ? 'https' : 'http'}://${text}`;
  if (!URL.canParse(url) || /[\s/]/.test(new URL(url).hostname) || new URL(url).hostname === '') {
    throw invalid(`"${text}" is not the address of an agent; write HOST:PORT, https://HOST:PORT or unix:///PATH`);
  }
  const parsed = new URL(url);
  // URL drops a port that is its scheme's own, so the text is what tells whether one was given.
  const port = /:\d+(?:\/|$)/.test(text.replace(/^https?:\/\//i, '').replace(/^\[[^\]]*\]/, ''))
    ? parsed.port
    : String(defaults.httpPort);
  const origin = `${parsed.protocol}//${parsed.hostname}${port === '' ? '' : `:${port}`}`;
  return { origin, socketPath: undefined, shown: origin };
}

async function tokenFile(env: NodeJS.ProcessEnv): Promise<string> {
  const path = set(env['CONSUL_HTTP_TOKEN_FILE']);
  return path === undefined ? '' : (await fileOf('CONSUL_HTTP_TOKEN_FILE', path)).trim();
}

async function tlsOptions(env: NodeJS.ProcessEnv): Promise<TlsOptions> {
  const file = async (name: string): Promise<string | undefined> => {
    const path = set(env[name]);
    return path === undefined ? undefined : fileOf(name, path);
  };
  const [ca, cert, key] = await Promise.all([
    file('CONSUL_CACERT'),
    file('CONSUL_CLIENT_CERT'),
    file('CONSUL_CLIENT_KEY'),
  ]);
  const authorities = ca ?? (await authoritiesOf(set(env['CONSUL_CAPATH'])));
  const servername = set(env['CONSUL_TLS_SERVER_NAME']);
  return {
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(isFalse(env['CONSUL_HTTP_SSL_VERIFY']) ? { rejectUnauthorized: false } : {}),
  };
}

/** Every file of a directory of certificates. */
async function authoritiesOf(directory: string | undefined): Promise<string[] | undefined> {
  if (directory === undefined) return undefined;
  const names = await readdir(directory).catch((error: unknown) => {
    throw invalid(`CONSUL_CAPATH: cannot read ${directory}: ${error instanceof Error ? error.message : String(error)}`);
  });
  return Promise.all(names.map((name) => fileOf('CONSUL_CAPATH', join(directory, name))));
}

async function fileOf(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid(`${variable}: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value?.toLowerCase() === 'true';
}

function isFalse(value: string | undefined): boolean {
  return value === '0' || value?.toLowerCase() === 'false';
}
