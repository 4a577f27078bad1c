/**
 * Server cookies (RFC 7873) in the interoperable form of RFC 9018: version, time, SipHash-2-4 over client cookie, both
 * and the client's address. A client that shows one we made can receive at its address: it is no spoofed source.
 */
import { randomBytes } from 'node:crypto';
import { ipBytes, parseIp } from '../wire/index.js';
import type { EdnsOption } from '../wire/index.js';
import { sipHash24 } from './siphash.js';

export type CookieOption = Extract<EdnsOption, { readonly type: 'cookie' }>;

const maxAgeSeconds = 3600;
const renewAfterSeconds = 1800;
const maxAheadSeconds = 300;
const cookieBytes = 16;

export class Cookies {
  constructor(private readonly secret: Uint8Array = randomBytes(16)) {}

  /** Made by us for this client cookie and address, and neither old nor from the future. */
  isValid(cookie: CookieOption, address: string, now: number): boolean {
    return this.ageOf(cookie, address, now) !== undefined;
  }

  /** What to answer a client's cookie with: its own while fresh, else a new one. */
  answer(cookie: CookieOption, address: string, now: number): CookieOption {
    const age = this.ageOf(cookie, address, now);
    const server =
      age !== undefined && age < renewAfterSeconds ? cookie.server : this.make(cookie.client, address, now);
    return { type: 'cookie', client: cookie.client, server };
  }

  private ageOf({ client, server }: CookieOption, address: string, now: number): number | undefined {
    if (server.length !== cookieBytes || server[0] !== 1) return undefined;
    const time = new DataView(server.buffer, server.byteOffset).getUint32(4);
    // Serial number arithmetic (RFC 1982): the time wraps in 2106.
    const age = (Math.floor(now) - time) | 0;
    if (age > maxAgeSeconds || age < -maxAheadSeconds) return undefined;
    return Buffer.compare(this.make(client, address, time), server) === 0 ? age : undefined;
  }

  private make(client: Uint8Array, address: string, time: number): Uint8Array {
    const ip = parseIp(address);
    const source = ip ? ipBytes(ip.text) : new Uint8Array();
    const hashed = new Uint8Array(16 + source.length);
    hashed.set(client);
    hashed[8] = 1;
    new DataView(hashed.buffer).setUint32(12, time);
    hashed.set(source, 16);
    const cookie = new Uint8Array(cookieBytes);
    cookie.set(hashed.subarray(8, 16));
    cookie.set(sipHash24(this.secret, hashed), 8);
    return cookie;
  }
}
