import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '../../model/index.js';
import type { ResolvedOptions } from '../options.js';
import type { TlsMaterial } from './agent-link.js';

/**
 * Who we are, and whom we trust. Files are read when first needed, once, so that making a client needs no file to be
 * there; they are small, so reading them may block. Nothing of this is ever shown.
 */
export class Credentials {
  readonly #options: ResolvedOptions;
  #token: string | undefined;
  #tls: TlsMaterial | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  headers(token: string = this.#ownToken()): Record<string, string> {
    const { auth } = this.#options;
    return {
      ...(token === '' ? {} : { 'x-consul-token': usable('token', token) }),
      ...(auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
    };
  }

  /** What must not be repeated to anybody. */
  secrets(token?: string): string[] {
    const { auth } = this.#options;
    const all = [token ?? '', this.#token ?? '', auth ?? '', auth === undefined ? '' : btoa(auth)];
    return all.filter((secret) => secret !== '');
  }

  tls(): TlsMaterial {
    this.#tls ??= this.#readTls();
    return this.#tls;
  }

  #ownToken(): string {
    const { token, tokenFile } = this.#options;
    this.#token ??= tokenFile === undefined ? (token ?? '') : fileOf('tokenFile', tokenFile).toString('utf8').trim();
    return this.#token;
  }

  #readTls(): TlsMaterial {
    const { ca, caFile, caPath, cert, certFile, key, keyFile, serverName, verify } = this.#options.tls ?? {};
    const authorities = [
      ...(ca === undefined ? [] : [ca].flat()),
      ...(caFile === undefined ? [] : [fileOf('tls.caFile', caFile)]),
      // As Consul's own tools do: a directory counts when there is no file.
      ...(caPath === undefined || caFile !== undefined ? [] : directoryOf('tls.caPath', caPath)),
    ];
    const ownCert = cert ?? (certFile === undefined ? undefined : fileOf('tls.certFile', certFile));
    const ownKey = key ?? (keyFile === undefined ? undefined : fileOf('tls.keyFile', keyFile));
    return {
      ...(authorities.length === 0 ? {} : { ca: authorities }),
      ...(ownCert === undefined ? {} : { cert: ownCert }),
      ...(ownKey === undefined ? {} : { key: ownKey }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(verify === false ? { rejectUnauthorized: false } : {}),
    };
  }
}

/** What Node would refuse to send would be refused with the value in the text. */
function usable(name: string, token: string): string {
  if (/^[\u0021-\u007e]+$/.test(token)) return token;
  throw invalid(`${name} must be visible ASCII without spaces`);
}

function directoryOf(name: string, directory: string): Buffer[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw cannotRead(name, directory, error);
  }
  return names.sort().map((file) => fileOf(name, join(directory, file)));
}

function fileOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw cannotRead(name, path, error);
  }
}

/** Both of the option's names, since either may have been used. */
function cannotRead(name: string, path: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const variable = VARIABLES[name];
  return invalid(`${variable === undefined ? name : `${name} (${variable})`}: cannot read ${path}: ${why}`);
}

const VARIABLES: Readonly<Record<string, string>> = {
  tokenFile: 'CONSUL_HTTP_TOKEN_FILE',
  'tls.caFile': 'CONSUL_CACERT',
  'tls.caPath': 'CONSUL_CAPATH',
  'tls.certFile': 'CONSUL_CLIENT_CERT',
  'tls.keyFile': 'CONSUL_CLIENT_KEY',
};
