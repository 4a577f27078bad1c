import { typeName, codeOf, type RecordData, type ResourceRecord, type SvcParam } from '../../dns/index.js';

/** A record's type and data as people read them in zone files. */
export function recordType(record: RecordData): string {
  return typeName(codeOf(record));
}

export function recordText(record: ResourceRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address;
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return record.target;
    case 'SRV':
      return `${record.target} port ${record.port} priority ${record.priority} weight ${record.weight}`;
    case 'TXT':
      return record.strings.map((text) => JSON.stringify(latin1(text))).join(' ');
    case 'MX':
      return `${record.preference} ${record.exchange}`;
    case 'SOA':
      return `${record.mname} ${record.rname} serial ${record.serial} minimum ${record.minimum}`;
    case 'CAA':
      return `${record.flags} ${record.tag} ${JSON.stringify(latin1(record.value))}`;
    case 'NAPTR':
      return `${record.order} ${record.preference} "${record.flags}" "${record.services}" "${record.regexp}" ${record.replacement}`;
    case 'SVCB':
    case 'HTTPS':
      return [record.priority, record.target === '' ? '.' : record.target, ...record.params.map(paramText)].join(' ');
    default:
      return `\\# ${record.rdata.length} ${Buffer.from(record.rdata).toString('hex')}`;
  }
}

function paramText(param: SvcParam): string {
  switch (param.key) {
    case 'mandatory':
      return `mandatory=${param.keys.join(',')}`;
    case 'alpn':
      return `alpn=${param.protocols.join(',')}`;
    case 'no-default-alpn':
      return param.key;
    case 'port':
      return `port=${param.port}`;
    case 'ipv4hint':
    case 'ipv6hint':
      return `${param.key}=${param.addresses.join(',')}`;
    default:
      return `key${param.key}=${Buffer.from(param.value).toString('hex')}`;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
