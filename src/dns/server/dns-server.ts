/** The DNS server put together: one responder, any number of listeners. */
import type { Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { allowAll, invalid, limits } from '../../model/index.js';
import type { CatalogView, Cluster, Policy } from '../../model/index.js';
import { realClock, realRandom, shuffled, silentLogger } from '../../runtime/index.js';
import type { Clock, Logger, Random } from '../../runtime/index.js';
import type { AnswerContext, QueryExecutor } from '../answer/answer-context.js';
import { datacentersOf } from '../answer/datacenters.js';
import { dnsOptions } from '../answer/dns-options.js';
import type { DnsOptions } from '../answer/dns-options.js';
import { StaticRecords } from '../answer/static-records.js';
import { ConnectionGate } from './connection-gate.js';
import { Cookies } from './cookies.js';
import { DnsStats } from './dns-stats.js';
import { createDohHandler } from './doh.js';
import type { DohHandler } from './doh.js';
import { HttpsListener } from './https-listener.js';
import { PreparedAnswers } from './prepared-answers.js';
import { RateLimit } from './rate-limit.js';
import { Recursors } from './recursors.js';
import { Responder } from './responder.js';
import { StreamListener } from './stream-listener.js';
import type { DnsTls } from './stream-listener.js';
import { UdpListener } from './udp-listener.js';

export interface DnsServerSetup {
  readonly catalog: CatalogView;
  readonly queries: QueryExecutor;
  /**
   * The other agents, and the datacenters known through them; answers say so to clients that speak EDNS when they may be
   * out of date. Default: `catalog` is all there is.
   */
  readonly cluster?: Cluster;
  readonly config?: Partial<DnsOptions>;
  /** Asked with `token` for every service, node and query that is named. Default: everything may be read. */
  readonly policy?: Policy;
  readonly token?: string;
  /** Metadata keys that stay out of TXT, SVCB and HTTPS records. */
  readonly isPrivateKey?: (key: string) => boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** Certificate for DNS over TLS and HTTPS. */
  readonly tls?: DnsTls;
}

/** Host: an IP address, or a name that is looked up once. Port 0 = any free one. */
export interface DnsAddress {
  readonly host: string;
  readonly port: number;
}

export interface DnsServer {
  /** UDP and TCP on one port. Rejects when it cannot be bound. */
  listen(address: DnsAddress): Promise<DnsAddress>;
  /** DNS over TLS. INVALID_ARGUMENT without a certificate. */
  listenTls(address: DnsAddress): Promise<DnsAddress>;
  /** DNS over HTTPS at /dns-query. INVALID_ARGUMENT without a certificate. */
  listenHttps(address: DnsAddress): Promise<DnsAddress>;
  /** DNS over HTTPS for somebody else's HTTP server. */
  readonly doh: DohHandler;
  readonly stats: DnsStats;
  /** Stops listening and cuts off who is connected; harmless twice. */
  close(): Promise<void>;
}

/** Throws INVALID_ARGUMENT for options that make no sense. Opens nothing. */
export function createDnsServer(setup: DnsServerSetup): DnsServer {
  const { clock = realClock, random = realRandom, logger = silentLogger, tls } = setup;
  const options = dnsOptions(setup.config);
  const stats = new DnsStats();
  const context = contextOf(setup, options, clock, random);
  const recursors =
    options.recursors.length === 0
      ? undefined
      : new Recursors({
          addresses: options.recursors,
          strategy: options.recursorStrategy,
          timeoutMs: options.recursorTimeoutMs,
          clock,
          random,
          stats,
          logger,
        });
  const isOpen = setup.policy === undefined || setup.policy === allowAll;
  const responder = new Responder({
    context,
    prepared: isOpen ? new PreparedAnswers(context, { random, recursion: recursors !== undefined }) : undefined,
    recursors,
    cookies: options.cookies ? new Cookies() : undefined,
    rateLimit: options.responsesPerSecond > 0 ? new RateLimit(options.responsesPerSecond, clock) : undefined,
    stats,
    logger,
    idleMs: limits.dnsTcpIdleMs,
  });
  const doh = createDohHandler(responder);
  const parts = {
    responder,
    stats,
    logger,
    clock,
    gate: new ConnectionGate(stats),
    sockets: new Set<Socket>(),
    handler: doh,
  };
  const listeners: { close(): Promise<void> }[] = [];

  const keep = <T extends { close(): Promise<void> }>(listener: T): T => {
    listeners.push(listener);
    return listener;
  };
  return {
    stats,
    doh,
    listen: async (address) => {
      const host = await ipOf(address.host);
      const { tcp, udp } = await openPair(host, address.port, parts);
      keep(tcp);
      return { host, port: keep(udp).port };
    },
    listenTls: async (address) => {
      const host = await ipOf(address.host);
      const listener = await StreamListener.open(host, address.port, parts, needed(tls));
      return { host, port: keep(listener).port };
    },
    listenHttps: async (address) => {
      const host = await ipOf(address.host);
      const listener = await HttpsListener.open(host, address.port, parts, needed(tls));
      return { host, port: keep(listener).port };
    },
    close: async () => {
      recursors?.close();
      await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    },
  };
}

function contextOf(setup: DnsServerSetup, options: DnsOptions, clock: Clock, random: Random): AnswerContext {
  const { catalog, queries, policy = allowAll, token = '' } = setup;
  return {
    catalog,
    datacenters: datacentersOf(catalog, setup.cluster),
    queries,
    options,
    records: new StaticRecords(options.records),
    mayRead: (kind, name) => policy(token, { kind, name }, 'read'),
    isPrivateKey: setup.isPrivateKey ?? (() => false),
    serial: () => Math.floor(clock.wall() / 1000),
    order: (items) => shuffled(items, random),
    foreign: new Map(),
  };
}

type PairParts = Parameters<typeof UdpListener.open>[2] & Parameters<typeof StreamListener.open>[2];

/** With port 0 the system picks one for TCP; another program may have it for UDP, then another is tried. */
async function openPair(
  host: string,
  port: number,
  parts: PairParts,
): Promise<{ tcp: StreamListener; udp: UdpListener }> {
  for (let triesLeft = port === 0 ? 10 : 1; ;) {
    const tcp = await StreamListener.open(host, port, parts);
    try {
      return { tcp, udp: await UdpListener.open(host, tcp.port, parts) };
    } catch (error) {
      await tcp.close();
      if (--triesLeft === 0) throw error;
    }
  }
}

async function ipOf(host: string): Promise<string> {
  return isIP(host) ? host : (await lookup(host)).address;
}

function needed(tls: DnsTls | undefined): DnsTls {
  if (!tls) throw invalid('DNS over TLS and HTTPS need a certificate');
  return tls;
}
