/** What two agents say before they talk: a fixed preamble in the clear, then who each is, and whether it is let in. */
import { limits } from '../../model/index.js';
import type { MemberInfo } from '../messages.js';
import { cleanInfo, infoFault } from '../members/member-info.js';
import { WireError } from '../wire/bytes.js';
import type { Refusal } from './types.js';

export const SALT_BYTES = 16;
const MAGIC = Buffer.from('DPSY');
/** Of what does not change with the protocol: the preamble, frames, hello and refusal. */
const FRAMING = 1;
const ENCRYPTED = 1;
export const PREAMBLE_BYTES = MAGIC.length + 2 + SALT_BYTES;

/** First byte of the content of a frame that is no message: no type of a message is as large. */
export const marks = { hello: 0xf0, accept: 0xf1, refusal: 0xf2, keys: 0xf3, use: 0xf4 } as const;
export const FIRST_MARK = 0xf0;

export interface Preamble {
  readonly isEncrypted: boolean;
  /** Drawn at random for this connection. */
  readonly salt: Uint8Array;
}

export interface Hello {
  readonly member: MemberInfo;
  /** Whether it takes compressed messages. */
  readonly inflates: boolean;
  /** Names of the keys that it has, for this connection. */
  readonly keyIds: readonly string[];
}

export function preamble({ isEncrypted, salt }: Preamble): Uint8Array {
  return Buffer.concat([MAGIC, Uint8Array.of(FRAMING, isEncrypted ? ENCRYPTED : 0), salt]);
}

export function readPreamble(bytes: Buffer): Preamble {
  const framing = bytes[MAGIC.length];
  const flags = bytes[MAGIC.length + 1] as number;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new WireError('it does not speak the peer protocol');
  if (framing !== FRAMING) throw new WireError(`it speaks the peer protocol in frames of version ${framing}`);
  return { isEncrypted: (flags & ENCRYPTED) !== 0, salt: Uint8Array.from(bytes.subarray(MAGIC.length + 2)) };
}

/** JSON, so that agents of other versions can read at least with whom they cannot talk. */
export function marked(mark: number, said: unknown): Uint8Array {
  return Buffer.concat([Uint8Array.of(mark), Buffer.from(JSON.stringify(said))]);
}

/** The versions of the protocol that a hello offers, whatever else it says. */
export function offeredVersions(hello: unknown): { readonly min: number; readonly max: number } {
  const { min, max } = part(part(hello, 'member'), 'protocol') as Record<string, unknown>;
  return { min: countOf(min, 'protocol.min'), max: countOf(max, 'protocol.max') };
}

export function readHello(hello: unknown): Hello {
  const { inflates, keyIds } = part(hello) as Record<string, unknown>;
  return {
    member: memberOf(part(hello, 'member')),
    inflates: inflates === true,
    keyIds: textsOf(keyIds, 'keyIds', limits.peerKeys),
  };
}

/** What follows a mark. */
export function readSaid(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8', 1));
  } catch {
    throw new WireError('an introduction that is not JSON');
  }
}

export function readRefusal(content: Buffer): Refusal {
  const { code, reason } = part(readSaid(content)) as Record<string, unknown>;
  return { code: shown(code), reason: shown(reason) };
}

/** For a log, whatever was sent: one line, of a bounded length. */
function shown(value: unknown): string {
  if (typeof value !== 'string') return 'no reason given';
  return value
    .slice(0, limits.peerReasonChars)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}

function memberOf(said: object): MemberInfo {
  const fault = infoFault(said as MemberInfo);
  if (fault !== undefined) throw new WireError(`an introduction in which ${fault}`);
  const member = cleanInfo(said as MemberInfo);
  for (const name of [member.origin, member.node, member.datacenter, ...member.succeeds]) textOf(name, 'name');
  if (member.origin.includes('/')) throw new WireError('an introduction with a wrong origin');
  return member;
}

function part(said: unknown, name?: string): object {
  const value = name === undefined ? said : (said as Record<string, unknown> | undefined)?.[name];
  if (typeof value !== 'object' || value === null) throw new WireError(`an introduction without ${name ?? 'content'}`);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || !value.isWellFormed() || value.includes('\0')) {
    throw new WireError(`an introduction with a wrong ${what}`);
  }
  return value;
}

function textsOf(value: unknown, what: string, most: number): string[] {
  if (!Array.isArray(value) || value.length > most) throw new WireError(`an introduction with wrong ${what}`);
  return value.map((item) => textOf(item, what));
}

function countOf(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new WireError(`an introduction with a wrong ${what}`);
  return value as number;
}
