/** Who asks: what is exempt from limits, and which addresses count as one client. */
import { parseIp, ipBytes } from '../wire/index.js';

/** Also as an IPv4 address mapped into IPv6, as a dual-stack socket shows it. */
export function isLoopback(address: string): boolean {
  if (address.startsWith('127.') || address === '::1') return true;
  return address.startsWith('::ffff:127.');
}

/** The /24 or /56 that an address is in (the usual sizes of response rate limiting). */
export function networkOf(address: string): string {
  const ip = parseIp(address);
  if (!ip) return address;
  if (ip.family === 4) return ip.text.slice(0, ip.text.lastIndexOf('.'));
  return Buffer.from(ipBytes(ip.text).subarray(0, 7)).toString('hex');
}
