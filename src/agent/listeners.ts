import { chmod, lstat, readFile, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import { once } from 'node:events';
import type { HttpApi } from '../api/index.js';
import type { DnsAddress } from '../dns/index.js';
import { invalid, isDiscoveryError, ServiceDiscoveryError } from '../model/index.js';
import { showListen, type AgentConfig, type ListenAddress, type TlsFiles } from './config/index.js';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** The certificate of the HTTPS and DNS-over-TLS listeners; undefined when none is configured. */
export async function readCertificate(files: TlsFiles | undefined): Promise<Certificate | undefined> {
  if (!files) return undefined;
  const cert = await pem('cert_file', files.certFile);
  const key = await pem('key_file', files.keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceDiscoveryError(
      'INVALID_ARGUMENT',
      `tls: ${files.certFile} and ${files.keyFile} are no certificate and its key: ${why}`,
      { cause },
    );
  }
  return { cert, key, minVersion: files.minVersion };
}

/** Every HTTP and HTTPS address, in the order configured; what it really listens on, ports included. */
export async function listenHttp(
  api: HttpApi,
  addresses: readonly ListenAddress[],
  mode: AgentConfig['listen']['socketMode'],
  tls?: Certificate,
): Promise<string[]> {
  const shown: string[] = [];
  for (const address of addresses) {
    const bound = await listening(address, tls ? 'HTTPS' : 'HTTP', () => listenOne(api, address, mode, tls));
    shown.push(showListen(bound));
  }
  return shown;
}

export async function listenDns(
  addresses: readonly ListenAddress[],
  what: string,
  listen: (address: DnsAddress) => Promise<DnsAddress>,
): Promise<string[]> {
  const shown: string[] = [];
  for (const address of addresses) {
    if (address.type === 'unix') throw invalid(`${showListen(address)}: ${what} needs an IP address`);
    shown.push(showListen({ type: 'tcp', ...(await listening(address, what, () => listen(address))) }));
  }
  return shown;
}

async function listenOne(
  api: HttpApi,
  address: ListenAddress,
  mode: number | undefined,
  tls: Certificate | undefined,
): Promise<ListenAddress> {
  if (address.type === 'tcp') {
    const bound = await api.listen({ host: address.host, port: address.port, tls });
    return 'port' in bound ? { type: 'tcp', host: bound.host, port: bound.port } : address;
  }
  await removeStaleSocket(address.path);
  await api.listen({ socketPath: address.path });
  if (mode !== undefined) await chmod(address.path, mode);
  return address;
}

/** A socket file that an agent killed with -9 left behind; one that answers is another agent's, any other file not ours. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await unlink(path);
  } finally {
    socket.destroy();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no such host',
};

/** The system's refusal as one clear line that names the address and what it was for. */
async function listening<T>(address: ListenAddress, what: string, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (cause) {
    if (isDiscoveryError(cause)) throw cause;
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const at = showListen(address);
    throw new ServiceDiscoveryError('UNAVAILABLE', `cannot listen on ${at} for ${what}: ${REASONS[code] ?? message}`, {
      cause,
      details: {
        hint: code === 'EADDRINUSE' ? 'Is another agent running? Port 0 takes any free one.' : 'Give another address.',
      },
    });
  }
}

async function pem(what: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceDiscoveryError('INVALID_ARGUMENT', `tls: cannot read ${what} ${path}: ${why}`, { cause });
  });
}
