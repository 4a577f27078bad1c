import type { Answer, DecodedPacket, OptAnswer } from 'dns-packet';

/** An answer in the words of the recordings: `name ttl class type data`, names in lower case. */
export interface DnsText {
  readonly rcode: string;
  readonly flags: string;
  readonly question: readonly string[];
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  readonly answerTypes: readonly string[];
  readonly edns: { readonly ecs?: { readonly source: number; readonly scope: number } } | null;
}

export function dnsText(packet: DecodedPacket, keepCase: boolean): DnsText {
  const name = (text: string): string => (keepCase ? text : text.toLowerCase());
  const line = (record: Answer): string => `${name(record.name)} ${rest(record)}`;
  const answers = packet.answers ?? [];
  const additional = packet.additionals ?? [];
  return {
    rcode: (packet as unknown as { rcode: string }).rcode,
    flags: flagsOf(packet),
    question: (packet.questions ?? []).map(
      (question) => `${name(question.name)} ${question.class ?? 'IN'} ${question.type}`,
    ),
    answer: answers.map(line),
    authority: (packet.authorities ?? []).map(line),
    additional: additional.filter(({ type }) => type !== 'OPT').map(line),
    answerTypes: [...new Set(answers.map(({ type }) => type))].sort(),
    edns: ednsOf(additional.find((record): record is OptAnswer => record.type === 'OPT')),
  };
}

function flagsOf(packet: DecodedPacket): string {
  const flags: readonly (readonly [string, boolean])[] = [
    ['aa', packet.flag_aa],
    ['tc', packet.flag_tc],
    ['rd', packet.flag_rd],
    ['ra', packet.flag_ra],
  ];
  return flags
    .filter(([, set]) => set)
    .map(([flag]) => flag)
    .join(' ');
}

function rest(record: Answer): string {
  if (record.type === 'OPT') return 'OPT';
  const { ttl, class: cls, type } = record as { ttl?: number; class?: string; type: string };
  return `${ttl ?? 0} ${cls ?? 'IN'} ${type} ${dataOf(record)}`;
}

function dataOf(record: Answer): string {
  switch (record.type) {
    case 'SRV':
      return `${record.data.priority ?? 0} ${record.data.weight ?? 0} ${record.data.port} ${record.data.target.toLowerCase()}`;
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return [mname.toLowerCase(), rname.toLowerCase(), serial, refresh, retry, expire, minimum].join(' ');
    }
    case 'TXT':
      return [record.data]
        .flat()
        .map((part) => `"${part.toString()}"`)
        .join(' ');
    default:
      return String((record as { data: unknown }).data).toLowerCase();
  }
}

interface ClientSubnet {
  readonly code: number;
  readonly sourcePrefixLength: number;
  readonly scopePrefixLength: number;
}

function ednsOf(record: OptAnswer | undefined): DnsText['edns'] {
  if (!record) return null;
  const options = record.options as unknown as readonly ClientSubnet[];
  const ecs = options.find(({ code }) => code === 8);
  return ecs ? { ecs: { source: ecs.sourcePrefixLength, scope: ecs.scopePrefixLength } } : {};
}
