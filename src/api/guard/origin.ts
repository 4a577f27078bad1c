import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Writes from a web page of another origin are refused: a page that a user of this machine happens to open must not be
 * able to register services. Browsers tell by `Sec-Fetch-Site` or `Origin`; programs send neither and pass. A page
 * whose own name was pointed at us (DNS rebinding) shows the same origin and host, so a browser's Host must be a name
 * we go by. Returns the reason of a refusal.
 */
export function crossOrigin(headers: IncomingHttpHeaders, allowedHosts: readonly string[]): string | undefined {
  const site = headers['sec-fetch-site'];
  if (typeof site === 'string' && site !== 'same-origin' && site !== 'none') return 'request from another site';
  const { origin } = headers;
  if (origin === undefined) return undefined;
  const from = hostOf(origin);
  const host = headers.host?.toLowerCase();
  if (from === undefined || host === undefined || from !== host) return 'request from another origin';
  return isOurs(nameOf(host), allowedHosts) ? undefined : 'request for a host this agent does not go by';
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** Without port and brackets. */
function nameOf(host: string): string {
  const bracketed = /^\[(.*)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d+$/, '');
}

function isOurs(name: string, allowedHosts: readonly string[]): boolean {
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return allowedHosts.some((allowed) => allowed.toLowerCase() === name);
}
