/** A DNS client that answers out of a table, for tests of what is built on one. */
import { ServiceDiscoveryError } from '../../src/model/index.js';
import type { CallOptions } from '../../src/model/index.js';
import type { DnsAnswer, DnsClient } from '../../src/dns/client/index.js';
import { foldName, parseRecordData, typeName } from '../../src/dns/index.js';
import type { ResourceRecord } from '../../src/dns/index.js';

/** What the table says to one question. Lines are those of zone files: `web.x 30 IN SRV 1 1 80 a.x`. */
export type Told =
  | { readonly records: readonly string[]; readonly beside?: readonly string[] }
  | { readonly none: 'nodata' | 'nxdomain'; readonly ttlSeconds?: number }
  | { readonly fails: string }
  /** Never answers; ends when aborted. */
  | 'silent';

export class FakeDnsClient implements DnsClient {
  /** `SRV web.x`, in the order asked. */
  readonly asked: string[] = [];
  closed = 0;

  /** By `TYPE name`; what is not in it does not exist. */
  constructor(readonly table: Map<string, Told> = new Map()) {}

  tell(question: string, told: Told): this {
    this.table.set(question, told);
    return this;
  }

  /** How often this was asked since the last time this was called for it. */
  count(question: string): number {
    const before = this.asked.length;
    const rest = this.asked.filter((one) => one !== question);
    this.asked.splice(0, before, ...rest);
    return before - rest.length;
  }

  query(name: string, type: number | string, options: CallOptions = {}): Promise<DnsAnswer> {
    const question = `${typeof type === 'number' ? typeName(type) : type} ${foldName(name)}`;
    this.asked.push(question);
    const told = this.table.get(question) ?? { none: 'nxdomain' };
    if (told === 'silent') return untilAborted(options.signal);
    if ('fails' in told) return Promise.reject(failure(question, told.fails));
    return Promise.resolve(answerOf(name, type as number, told));
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function failure(question: string, dns: string): ServiceDiscoveryError {
  const code = dns === 'timeout' ? 'TIMEOUT' : 'UNAVAILABLE';
  return new ServiceDiscoveryError(code, `no DNS answer for ${question}: ${dns}`, { details: { dns } });
}

function answerOf(name: string, type: number, told: Exclude<Told, 'silent' | { fails: string }>): DnsAnswer {
  const all = 'records' in told ? told.records.map(parse) : [];
  const records = all.filter((one) => one.type !== 'CNAME');
  const none = 'none' in told ? told : undefined;
  return {
    name,
    type,
    outcome: none?.none ?? 'records',
    records,
    aliases: all.filter((one) => one.type === 'CNAME'),
    additionals: 'records' in told ? (told.beside ?? []).map(parse) : [],
    ttlSeconds: none ? (none.ttlSeconds ?? 0) : Math.min(...all.map((one) => one.ttl)),
    authoritative: true,
    extendedErrors: [],
    server: 'fake://1',
    elapsedMs: 1,
  };
}

function parse(line: string): ResourceRecord {
  const [, name = '', ttl = '', type = '', data = ''] = /^(\S+) (\d+) ([A-Z]\S*) (.+)$/.exec(line) ?? [];
  if (data === '') throw new Error(`"${line}" is not NAME TTL TYPE DATA`);
  return { name, class: 1, ttl: Number(ttl), ...parseRecordData(type, data) };
}
