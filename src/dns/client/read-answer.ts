/**
 * What of a message answers a question, and what may be believed of it. From the asked name the CNAMEs lead in order to
 * the records; nothing else of the answer section is used, and of the additional section only what belongs to names that
 * those records name. Throws DnsParseError for a message that contradicts itself.
 */
import { limits } from '../../model/index.js';
import { codeOf, DnsParseError, foldName, rcodes, typeCodes } from '../wire/index.js';
import type { Message, Question, ResourceRecord } from '../wire/index.js';

export interface AnswerPart {
  /** `alias`: the chain leads to a name of which the answer says nothing. */
  readonly outcome: 'records' | 'nodata' | 'nxdomain' | 'alias';
  readonly records: readonly ResourceRecord[];
  readonly aliases: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  readonly ttlSeconds: number;
}

const internet = 1;
/** RFC 2181 section 8: the highest bit set means 0. */
const maxTtl = 0x7fffffff;

export function readAnswer(message: Message, question: Question): AnswerPart {
  const { records, aliases, end } = followAliases(message.answers, question);
  if (records.length > 0) {
    const used = [...aliases, ...records];
    return {
      outcome: 'records',
      records,
      aliases,
      additionals: message.additionals.length === 0 ? [] : belonging(message.additionals, end, records),
      ttlSeconds: leastTtl(used),
    };
  }
  return { records, aliases, additionals: [], ...emptyOutcome(message, aliases, end) };
}

/** Whose records they are decides (RFC 2308 section 2): an error or an SOA is about the end of the chain. */
function emptyOutcome(
  message: Message,
  aliases: readonly ResourceRecord[],
  end: string,
): Pick<AnswerPart, 'outcome' | 'ttlSeconds'> {
  const soa = message.authorities.find((record) => record.type === 'SOA' && isWithin(end, foldName(record.name)));
  const negativeTtl =
    soa?.type === 'SOA' ? Math.min(leastTtl([...aliases, soa]), soa.minimum, limits.dnsClientNegativeTtl) : 0;
  if (message.rcode === rcodes.NXDOMAIN) return { outcome: 'nxdomain', ttlSeconds: negativeTtl };
  if (soa) return { outcome: 'nodata', ttlSeconds: negativeTtl };
  if (aliases.length > 0) return { outcome: 'alias', ttlSeconds: leastTtl(aliases) };
  const refers = message.authorities.some((record) => record.type === 'NS');
  if (refers && !message.authoritative && !message.recursionAvailable) {
    throw new DnsParseError('the server refers to others: it does not resolve for clients', 0);
  }
  return { outcome: 'nodata', ttlSeconds: 0 };
}

interface Chain {
  readonly records: readonly ResourceRecord[];
  readonly aliases: readonly ResourceRecord[];
  /** The folded name the chain ends at. */
  readonly end: string;
}

function followAliases(answers: readonly ResourceRecord[], question: Question): Chain {
  let end = foldName(question.name);
  const aliases: ResourceRecord[] = [];
  const seen = new Set([end]);
  for (;;) {
    const own = answers.filter((record) => record.class === internet && foldName(record.name) === end);
    const records = own.filter((record) => isAskedFor(record, question.type));
    const [alias] = records.length > 0 ? [] : own.filter((record) => record.type === 'CNAME');
    if (alias?.type !== 'CNAME') return { records: records.map((one) => spelt(one, question.name)), aliases, end };
    aliases.push(spelt(alias, question.name));
    end = foldName(alias.target);
    if (seen.has(end)) throw new DnsParseError(`the aliases of ${question.name} lead in a circle`, 0);
    if (aliases.length > limits.dnsClientAliases) {
      throw new DnsParseError(`more than ${limits.dnsClientAliases} aliases`, 0);
    }
    seen.add(end);
  }
}

function isAskedFor(record: ResourceRecord, type: number): boolean {
  return type === typeCodes.ANY || codeOf(record) === type;
}

/** The asked name in the asker's letters, however the server spells it. */
function spelt(record: ResourceRecord, name: string): ResourceRecord {
  return record.name !== name && foldName(record.name) === foldName(name) ? { ...record, name } : record;
}

/** Records of names that `records` lead to, over aliases among them, and of the owner itself. */
function belonging(
  additionals: readonly ResourceRecord[],
  owner: string,
  records: readonly ResourceRecord[],
): readonly ResourceRecord[] {
  const names = new Set([owner]);
  for (const record of records) for (const name of namesIn(record)) names.add(foldName(name));
  const aliases = additionals.filter((record) => record.type === 'CNAME');
  // Each pass that finds a name lengthens a chain by one at least.
  for (let passes = 0, before = -1; names.size !== before && passes < limits.dnsClientAliases; passes++) {
    before = names.size;
    for (const alias of aliases) {
      if (alias.type === 'CNAME' && names.has(foldName(alias.name))) names.add(foldName(alias.target));
    }
  }
  return additionals.filter((record) => record.class === internet && names.has(foldName(record.name)));
}

function namesIn(record: ResourceRecord): readonly string[] {
  switch (record.type) {
    case 'SRV':
    case 'NS':
    case 'PTR':
    case 'CNAME':
      return [record.target];
    case 'SVCB':
    case 'HTTPS':
      // '.' is the owner itself (RFC 9460 section 2.5).
      return record.target === '.' ? [] : [record.target];
    case 'MX':
      return [record.exchange];
    case 'NAPTR':
      return [record.replacement];
    default:
      return [];
  }
}

function leastTtl(records: readonly ResourceRecord[]): number {
  let least = maxTtl;
  for (const { ttl } of records) least = Math.min(least, ttl > maxTtl ? 0 : ttl);
  return least;
}

/** Whether a folded name is `zone` or below it. */
function isWithin(name: string, zone: string): boolean {
  return zone === '.' || name === zone || name.endsWith(`.${zone}`);
}
