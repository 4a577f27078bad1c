/**
 * Metadata out of TXT records: `key=value` of RFC 1464, as our DNS server writes it (docs/dns.md). An attribute of 255
 * bytes or more goes on in the next string; one that ends exactly there is followed by an empty string.
 */
import { txtAttribute } from '../../dns/client/index.js';
import type { ResourceRecord } from '../../dns/wire/index.js';
import type { StringMap } from '../../model/index.js';

export interface InstanceText {
  readonly id: string;
  readonly node: string;
  readonly metadata: StringMap;
  /** Of its SRV record. */
  readonly port: number;
  readonly target: string;
}

type TextRecord = Extract<ResourceRecord, { readonly type: 'TXT' }>;

const fullStringBytes = 255;

/**
 * What a TXT of `NAME.instance` tells; undefined for a record of another kind. Names of metadata may be any, so the
 * attributes that are not metadata are known by their place: two at the beginning, one at the end.
 */
export function instanceText(record: TextRecord): InstanceText | undefined {
  const all = attributes(record.strings);
  const [id, node] = all;
  const place = all.at(-1);
  const [, port, target] = /^(\d{1,5}) (\S+)$/.exec(place?.[1] ?? '') ?? [];
  if (all.length < 3 || id?.[0] !== 'id' || node?.[0] !== 'node' || place?.[0] !== 'srv' || !target) return undefined;
  return { id: id[1], node: node[1], metadata: Object.fromEntries(all.slice(2, -1)), port: Number(port), target };
}

/** Attributes of all records of one name, which are one map. */
export function metadataOf(records: readonly ResourceRecord[]): StringMap {
  const pairs = records.flatMap((record) => (record.type === 'TXT' ? attributes(record.strings) : []));
  return Object.fromEntries(pairs);
}

function attributes(strings: readonly Uint8Array[]): [string, string][] {
  return joined(strings).flatMap((bytes) => {
    const found = txtAttribute([bytes]);
    return found ? [[found.key, found.value]] : [];
  });
}

function joined(strings: readonly Uint8Array[]): Buffer[] {
  const whole: Buffer[] = [];
  let open: Uint8Array[] = [];
  for (const one of strings) {
    open.push(one);
    if (one.length === fullStringBytes) continue;
    whole.push(Buffer.concat(open));
    open = [];
  }
  if (open.length > 0) whole.push(Buffer.concat(open));
  return whole;
}
