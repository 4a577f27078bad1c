/** Messages as bytes: a type, and its fields in their order. docs/peer-protocol.md has the format in words. */
import { limits, ServiceDiscoveryError } from '../../model/index.js';
import type { RowRef } from '../../model/index.js';
import type { DigestEntry, Hash, MemberInfo, Message, Position, StreamId, Want } from '../messages.js';
import { ByteReader, ByteWriter, WireError } from './bytes.js';
import type { Codec } from './codec.js';
import { count, fields, flag, listOf, number, oneOf, text } from './codec.js';
import { delta, stream } from './delta.js';
import { anyValue } from './json.js';
import { foldedName, id, origin } from './names.js';

type Type = Message['type'];
type Body<T extends Type> = Omit<Extract<Message, { type: T }>, 'type'>;

const hash: Codec<Hash> = {
  write: (out, [high, low]) => {
    out.uint32(high);
    out.uint32(low);
  },
  read: (from) => [from.uint32(), from.uint32()],
};

const position = { inc: count, ver: count };
const seen = fields<Position & { readonly stream: StreamId }>({ stream, ...position });
const digestEntry = fields<DigestEntry>({
  stream,
  ...position,
  hash,
  base: fields({ ver: count, hash }),
  firsthand: flag,
});
const want = fields<Want>({ stream, ...position, staged: flag });
const ref = fields<RowRef>({ kind: oneOf(['node', 'service', 'check'] as const), node: foldedName, id });
const origins = listOf(origin, limits.memberSucceeds);

const member = fields<MemberInfo>({
  origin,
  inc: count,
  node: text,
  datacenter: text,
  host: text,
  port: count,
  protocol: fields({ min: count, max: count }),
  build: text,
  primary: text,
  space: text,
  succeeds: origins,
  left: flag,
});

const bodies: { readonly [T in Type]: Codec<Body<T>> } = {
  summary: fields({ hash, members: hash }),
  digest: fields({ entries: listOf(digestEntry, limits.peerStreams), answer: flag }),
  pull: fields({ wants: listOf(want, limits.peerStreams) }),
  delta,
  members: fields({ members: listOf(member, limits.peerMembers), answer: flag }),
  beat: fields({ inc: count, beat: count, health: count, sentMs: number, echoMs: number }),
  opinion: fields({
    about: origin,
    inc: count,
    beat: count,
    verdict: oneOf(['alive', 'suspect', 'dead'] as const),
    evidence: oneOf(['silence', 'hard'] as const),
  }),
  alive: fields({ inc: count, beat: count }),
  ping: fields({}),
  goodbye: fields({ inc: count }),
  conflict: fields({ stream, ref, winner: origin, hlc: count, sameAddress: flag }),
  call: fields({ id: count, method: text, args: anyValue }),
  answer: fields({ id: count, ok: flag, value: anyValue, seen: listOf(seen, limits.peerStreams) }),
  keyring: fields({ keys: listOf(text, limits.peerKeys), primary: text, at: count }),
};

/** The place of a type is its number: new ones are added at the end. */
const TYPES: readonly Type[] = [
  'summary',
  'digest',
  'pull',
  'delta',
  'members',
  'beat',
  'opinion',
  'alive',
  'ping',
  'goodbye',
  'conflict',
  'call',
  'answer',
  'keyring',
];

/** What several connections are sent is written once. */
const written = new WeakMap<Message, Uint8Array>();

/** TOO_LARGE for more than a frame holds, INVALID_ARGUMENT for arguments or results that cannot be said. */
export function encodeMessage(message: Message): Uint8Array {
  const known = written.get(message);
  if (known) return known;
  const out = new ByteWriter();
  out.byte(TYPES.indexOf(message.type));
  (bodies[message.type] as Codec<Message>).write(out, message);
  const bytes = out.finish();
  if (bytes.length > limits.peerFrameBytes) {
    throw new ServiceDiscoveryError('TOO_LARGE', `a message to a peer of ${bytes.length} bytes`);
  }
  written.set(message, bytes);
  return bytes;
}

/** Throws WireError for anything else than one whole message. */
export function decodeMessage(bytes: Uint8Array): Message {
  const from = new ByteReader(bytes);
  const type = TYPES[from.byte()];
  if (!type) throw new WireError(`a message of type ${bytes[0]}`, 'unknown');
  const body = bodies[type].read(from);
  from.end();
  return { type, ...body } as Message;
}
