/**
 * A DNS message as plain data (RFC 1035 section 4). Names are in presentation form without the last dot ('.' is the
 * root): see name.ts. EDNS lives in `edns`, never among the additional records; `rcode` is the extended one (RFC 6891).
 */
export interface Message {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  readonly edns?: Edns;
}

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export type ResourceRecord = {
  readonly name: string;
  /** 1 (IN) almost always. */
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
} & RecordData;

export type RecordData =
  | AddressData<'A'>
  | AddressData<'AAAA'>
  | TargetData<'CNAME'>
  | TargetData<'NS'>
  | TargetData<'PTR'>
  | SoaData
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | SrvData
  | { readonly type: 'CAA'; readonly flags: number; readonly tag: string; readonly value: Uint8Array }
  | NaptrData
  | BindingData<'SVCB'>
  | BindingData<'HTTPS'>
  /** Any other type, or a known one in a class where its form is not defined (RFC 3597). */
  | { readonly type: 'UNKNOWN'; readonly code: number; readonly rdata: Uint8Array };

interface AddressData<T extends 'A' | 'AAAA'> {
  readonly type: T;
  readonly address: string;
}

interface TargetData<T extends 'CNAME' | 'NS' | 'PTR'> {
  readonly type: T;
  readonly target: string;
}

/** RFC 9460; the form is the same for both. */
interface BindingData<T extends 'SVCB' | 'HTTPS'> {
  readonly type: T;
  readonly priority: number;
  readonly target: string;
  readonly params: readonly SvcParam[];
}

export interface SoaData {
  readonly type: 'SOA';
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

interface SrvData {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

interface NaptrData {
  readonly type: 'NAPTR';
  readonly order: number;
  readonly preference: number;
  /** Character strings of RFC 3403, a byte a character. */
  readonly flags: string;
  readonly services: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** One parameter of RFC 9460, in ascending order of key on the wire. */
export type SvcParam =
  | { readonly key: 'mandatory'; readonly keys: readonly number[] }
  /** Protocol ids, a byte a character. */
  | { readonly key: 'alpn'; readonly protocols: readonly string[] }
  | { readonly key: 'no-default-alpn' }
  | { readonly key: 'port'; readonly port: number }
  | { readonly key: 'ipv4hint' | 'ipv6hint'; readonly addresses: readonly string[] }
  | { readonly key: number; readonly value: Uint8Array };

export interface Edns {
  /** How large a UDP message the sender takes, bytes. */
  readonly udpSize: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export type EdnsOption =
  /** Client subnet, RFC 7871. `address` holds as many bytes as were sent. */
  | {
      readonly type: 'ecs';
      readonly family: number;
      readonly sourcePrefix: number;
      readonly scopePrefix: number;
      readonly address: Uint8Array;
    }
  /** RFC 7873. `server` is empty when the client knows none. */
  | { readonly type: 'cookie'; readonly client: Uint8Array; readonly server: Uint8Array }
  /** RFC 7828, units of 100 ms; a client sends none. */
  | { readonly type: 'keepalive'; readonly timeout?: number }
  /** RFC 8914. */
  | { readonly type: 'ede'; readonly code: number; readonly text: string }
  | { readonly type: 'unknown'; readonly code: number; readonly data: Uint8Array };

/** A standard query that asks nothing yet. */
export const emptyQuery: Message = {
  id: 0,
  response: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};
