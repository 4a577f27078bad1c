import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import type { CheckedAddress } from './server-address.js';

/** The server's certificate is verified for its name, against the given authorities or the system's. */
export function tlsOptions({ servername, ca }: CheckedAddress): ConnectionOptions {
  return {
    // What is sent may not be an address (RFC 6066 section 3); it is verified all the same.
    ...(isIP(servername) === 0 && { servername }),
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(servername, certificate),
    ...(ca !== undefined && { ca: ca as string }),
  };
}
