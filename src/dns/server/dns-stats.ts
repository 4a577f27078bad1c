import { rcodeName, typeName } from '../wire/index.js';

export type Transport = 'udp' | 'tcp' | 'tls' | 'https';

const namedTypes = 258;

/** Plain counters, for metrics to collect: nothing here costs more than an addition. */
export class DnsStats {
  /** Answers by rcode. */
  private readonly rcodes = new Float64Array(32);
  /** Questions by type; index 0 gathers the types above CAA. */
  private readonly types = new Float64Array(namedTypes);
  readonly transports: Record<Transport, number> = { udp: 0, tcp: 0, tls: 0, https: 0 };
  /** Answered from bytes kept ready. */
  prepared = 0;
  /** Answers cut to size, with the TC bit and without. */
  truncated = 0;
  cutSilently = 0;
  /** No answer: not a question, or from where no answer can be sent. */
  ignored = 0;
  malformed = 0;
  /** Held back, and answered short, by the response rate limit. */
  rateDropped = 0;
  rateSlipped = 0;
  sendErrors = 0;
  internalErrors = 0;
  connectionsOpen = 0;
  connectionsRefused = 0;
  recursions = 0;
  recursionsFailed = 0;
  recursionsRefused = 0;

  answered(type: number, rcode: number, transport: Transport): void {
    const slot = type < namedTypes ? type : 0;
    this.types[slot] = (this.types[slot] as number) + 1;
    this.rcodes[rcode & 31] = (this.rcodes[rcode & 31] as number) + 1;
    this.transports[transport]++;
  }

  cut(marked: boolean): void {
    if (marked) this.truncated++;
    else this.cutSilently++;
  }

  byType(): Map<string, number> {
    return named(this.types, (code) => (code === 0 ? 'OTHER' : typeName(code)));
  }

  byRcode(): Map<string, number> {
    return named(this.rcodes, rcodeName);
  }
}

function named(counts: Float64Array, name: (code: number) => string): Map<string, number> {
  const found = new Map<string, number>();
  counts.forEach((count, code) => {
    if (count > 0) found.set(name(code), count);
  });
  return found;
}
