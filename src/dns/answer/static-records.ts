/**
 * Records of the configuration (`dns_config.records`), beside the catalog's. At its exact name a static record hides
 * whatever the catalog would answer there, inside our domain or outside.
 */
import { invalid, parseDuration } from '../../model/index.js';
import { classCodes, foldName, nameBytes, parseRecordData, trimDot } from '../wire/index.js';
import type { ResourceRecord } from '../wire/index.js';
import type { StaticRecord } from './dns-options.js';
import { seconds } from './dns-options.js';

const maxTtl = 0x7fffffff;

export class StaticRecords {
  private readonly byName = new Map<string, ResourceRecord[]>();

  /** Throws INVALID_ARGUMENT naming the entry that is wrong. */
  constructor(entries: readonly (StaticRecord | string)[]) {
    for (const entry of entries) {
      const record = readEntry(typeof entry === 'string' ? readLine(entry) : entry);
      const key = foldName(record.name);
      this.byName.set(key, [...(this.byName.get(key) ?? []), record]);
    }
  }

  at(name: string): readonly ResourceRecord[] | undefined {
    return this.byName.size === 0 ? undefined : this.byName.get(foldName(name));
  }
}

function readEntry(entry: StaticRecord): ResourceRecord {
  const name = trimDot(entry.name);
  if (nameBytes(name) === undefined) throw invalid(`dns_config.records: "${entry.name}" is not a DNS name`);
  return { name, class: classCodes.IN, ttl: readTtl(entry.ttl), ...parseRecordData(entry.type, entry.data) };
}

/** `NAME [TTL] [IN] TYPE DATA`, as in a zone file. */
function readLine(line: string): StaticRecord {
  const match = /^\s*(\S+)\s+(?:(\d\S*)\s+)?(?:IN\s+)?(?:(\d\S*)\s+)?([A-Za-z]\S*)\s+(\S.*)$/s.exec(line);
  if (!match) throw invalid(`dns_config.records: "${line}" is not NAME [TTL] [IN] TYPE DATA`);
  const [, name = '', before, after, type = '', data = ''] = match;
  return { name, type, data, ttl: before ?? after };
}

function readTtl(ttl: string | number | undefined): number {
  const value = typeof ttl === 'string' ? textTtl(ttl) : (ttl ?? 0);
  if (!Number.isInteger(value) || value < 0 || value > maxTtl) throw invalid(`dns_config.records: bad TTL "${ttl}"`);
  return value;
}

function textTtl(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const ms = parseDuration(text);
  return ms === undefined ? Number.NaN : seconds(ms);
}
