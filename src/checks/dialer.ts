import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { CheckDefinition } from '../model/index.js';
import { ServiceDiscoveryError } from '../model/index.js';
import { onAbort } from '../runtime/index.js';
import type { AllowedNetworks } from './allowed-networks.js';
import type { Target } from './target.js';

/**
 * The one way checks reach the network. With allowed networks, every address is asked about after name resolution and
 * before the connection, so neither a name nor a redirect leads outside them.
 */
export class Dialer {
  /** For node's own clients: resolves a name to the addresses that may be dialled. */
  readonly lookup: LookupFunction | undefined;

  constructor(private readonly allowed?: AllowedNetworks) {
    // Without a list node's default lookup stays, which is quicker than one that calls back through us.
    if (allowed) this.lookup = (host, options, callback) => this.allowedLookup(host, options.all === true, callback);
  }

  /** Throws for a literal address outside the allowed networks; names are judged when they are resolved. */
  permit(host: string): void {
    if (this.allowed && isIP(host) !== 0 && !this.allowed.allows(host)) throw forbidden(host);
  }

  /** Every address of a host that may be dialled; at least one. */
  async resolve(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    this.permit(host);
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    return new Promise((resolve, reject) => {
      // The system's lookup cannot be stopped, only no longer waited for.
      const ignore = onAbort(signal, () => reject(signal.reason as Error));
      this.allowedLookup(host, true, (error, found) => {
        ignore();
        if (error) reject(error);
        else resolve(found as LookupAddress[]);
      });
    });
  }

  /** A connected socket, through TLS when the check asks for it. Destroyed when the signal aborts. */
  connect(target: Target, check: CheckDefinition, signal: AbortSignal, alpn?: readonly string[]): Promise<Socket> {
    this.permit(target.host);
    return new Promise((resolve, reject) => {
      const where = { host: target.host, port: target.port, lookup: this.lookup };
      const socket = check.useTls
        ? connectTls({ ...where, ...tlsOptions(check), ALPNProtocols: alpn?.slice() })
        : connect(where);
      const ignore = onAbort(signal, () => socket.destroy(signal.reason as Error));
      // Stays on for the socket's whole life: an error nobody listens for would end the process.
      socket.on('error', (error) => {
        ignore();
        reject(error);
      });
      socket.once(check.useTls ? 'secureConnect' : 'connect', () => {
        ignore();
        resolve(socket);
      });
    });
  }

  private allowedLookup(host: string, all: boolean, callback: Parameters<LookupFunction>[2]): void {
    systemLookup(host, { all: true }, (error, found) => {
      if (error) return callback(error, '');
      const usable = found.filter(({ address }) => this.allowed?.allows(address) ?? true);
      const [first] = usable;
      if (!first) return callback(forbidden(host), '');
      if (all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  }
}

/** Verification on unless the check turns it off; the certificate's name is the check's TLSServerName or the host. */
export function tlsOptions(check: CheckDefinition): ConnectionOptions {
  return {
    rejectUnauthorized: !check.tlsSkipVerify,
    ...(check.tlsServerName === '' ? {} : { servername: check.tlsServerName }),
  };
}

function forbidden(host: string): ServiceDiscoveryError {
  return new ServiceDiscoveryError('PERMISSION_DENIED', `${host} is outside the networks that checks may connect to`);
}
