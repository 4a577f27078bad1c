/** What a client knows of one server: the ways to it, how quick it is, how it failed, what it can. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { defaults, limits } from '../../model/index.js';
import type { Clock, Logger } from '../../runtime/index.js';
import { parseIp } from '../wire/index.js';
import type { DnsClientStats } from './dns-client-stats.js';
import { HttpsTransport } from './https-transport.js';
import { patienceOf, withSample } from './round-trip.js';
import type { RoundTrip } from './round-trip.js';
import { serverText } from './server-address.js';
import type { CheckedAddress, DnsTransport } from './server-address.js';
import { StreamTransport } from './stream-transport.js';
import { tlsOptions } from './tls-options.js';
import type { Transport } from './transport.js';
import { UdpTransport } from './udp-transport.js';

export interface ServerParts {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly stats: DnsClientStats;
  readonly logger: Logger;
  readonly mixesCase: boolean;
  /** Undefined: unless the server is on this machine, where nobody can forge but who could do worse. */
  readonly cookies: boolean | undefined;
}

/** Failures in a row after which a server is only asked when nobody else is left, or to see whether it is back. */
const failuresUntilDown = 3;
/** How long something that a server did not understand is left out. */
const lessonMs = 15 * 60_000;

export class Server {
  /** `udp://127.0.0.1:8600` */
  readonly text: string;
  roundTrip: RoundTrip | undefined;
  /** In a row. */
  failures = 0;
  isProbed = false;
  lastAskedMs = Number.NEGATIVE_INFINITY;
  readonly clientCookie: Uint8Array | undefined;
  /** The datagrams we take: on this machine nothing is cut on the way, and Consul cuts what is larger without saying so. */
  readonly udpBytes: number;
  serverCookie: Uint8Array = new Uint8Array();
  private main: Transport | undefined;
  private stream: Transport | undefined;
  private plainUntilMs = Number.NEGATIVE_INFINITY;
  private foldedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly address: CheckedAddress,
    private readonly parts: ServerParts,
  ) {
    this.text = serverText(address);
    const isNear = isLoopback(address.host);
    const cookies = parts.cookies ?? !isNear;
    this.udpBytes = isNear ? limits.dnsUdpBytes : limits.dnsClientUdpBytes;
    this.clientCookie = cookies && address.transport === 'udp' ? randomBytes(8) : undefined;
  }

  get isDown(): boolean {
    return this.failures >= failuresUntilDown;
  }

  /** Silence of so many ms is out of the ordinary. */
  get patienceMs(): number {
    if (!this.roundTrip) return defaults.dnsFirstPatienceMs;
    return Math.max(defaults.dnsLeastPatienceMs, patienceOf(this.roundTrip));
  }

  get speaksEdns(): boolean {
    return this.parts.clock.now() >= this.plainUntilMs;
  }

  get keepsCase(): boolean {
    return this.parts.mixesCase && this.parts.clock.now() >= this.foldedUntilMs;
  }

  doesNotSpeakEdns(): void {
    this.plainUntilMs = this.parts.clock.now() + lessonMs;
  }

  doesNotKeepCase(): void {
    this.foldedUntilMs = this.parts.clock.now() + lessonMs;
  }

  answered(elapsedMs: number): void {
    if (this.isDown) this.parts.logger.info({ server: this.text }, 'dns.server_back');
    // What it took while it failed says nothing of the server that it is now.
    this.roundTrip = withSample(this.failures > 0 ? undefined : this.roundTrip, elapsedMs);
    this.failures = 0;
  }

  /** `silentMs`: so long it took at the least. */
  failed(silentMs?: number): void {
    this.failures++;
    if (this.failures === failuresUntilDown) this.parts.logger.warn({ server: this.text }, 'dns.server_down');
    if (silentMs !== undefined && silentMs > (this.roundTrip?.smoothedMs ?? 0)) {
      this.roundTrip = withSample(this.roundTrip, silentMs);
    }
  }

  /** The transport of its address. */
  get way(): Transport {
    return (this.main ??= this.open(this.address.transport));
  }

  /** TCP to a server otherwise asked over UDP. */
  get wayOverTcp(): Transport {
    return (this.stream ??= this.open('tcp'));
  }

  close(): void {
    this.main?.close();
    this.stream?.close();
  }

  private open(transport: DnsTransport): Transport {
    const { host, port } = this.address;
    const { clock, stats } = this.parts;
    switch (transport) {
      case 'udp':
        return new UdpTransport({ host, port, clock, stats });
      case 'tcp':
        return new StreamTransport({ connect: () => connect({ host, port }), readyEvent: 'connect', clock, stats });
      case 'tls': {
        const options = { host, port, ALPNProtocols: ['dot'], ...tlsOptions(this.address) };
        return new StreamTransport({ connect: () => connectTls(options), readyEvent: 'secureConnect', clock, stats });
      }
      default:
        return new HttpsTransport(this.address);
    }
  }
}

function isLoopback(host: string): boolean {
  const address = parseIp(host)?.text ?? '';
  return address.startsWith('127.') || address === '::1';
}
