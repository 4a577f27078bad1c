/** Numbers of the IANA DNS registry that we name. Everything else travels as a number (RFC 3597: TYPE123). */
export const typeCodes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

export const classCodes = { IN: 1, CH: 3, ANY: 255 } as const;
export const opcodes = { query: 0, notify: 4 } as const;

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADCOOKIE: 23,
} as const;

export const optionCodes = { ecs: 8, cookie: 10, keepalive: 11, padding: 12, ede: 15 } as const;

/** Extended errors (RFC 8914) that we send. */
export const edeCodes = { staleAnswer: 3, notReady: 14, noReachableAuthority: 22, networkError: 23 } as const;

const typeNames = new Map<number, string>(Object.entries(typeCodes).map(([name, code]) => [code, name]));
const rcodeNames = new Map<number, string>(Object.entries(rcodes).map(([name, code]) => [code, name]));
const typesByName = new Map<string, number>(Object.entries(typeCodes));

export function typeName(code: number): string {
  return typeNames.get(code) ?? `TYPE${code}`;
}

/** `SRV`, `srv` or `TYPE33`; undefined for anything else. */
export function typeCode(name: string): number | undefined {
  const upper = name.toUpperCase();
  const known = typesByName.get(upper);
  if (known !== undefined) return known;
  const digits = /^TYPE(\d{1,5})$/.exec(upper)?.[1];
  return digits !== undefined && Number(digits) <= 0xffff ? Number(digits) : undefined;
}

export function rcodeName(code: number): string {
  return rcodeNames.get(code) ?? `RCODE${code}`;
}
