/** A connection between two agents once each knows who the other is: messages in, messages out, by priority. */
import type { PeerReport } from '../../model/index.js';
import type { Clock, Connection, ConnectionEvidence, NetworkAddress } from '../../runtime/index.js';
import type { MemberInfo, Message, Priority } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import type { PeerKeys } from './peer-keys.js';

/** Why one side does not want to talk to the other. Sent to it, for its log and its back-off. */
export interface Refusal {
  /** One of RefusalCode; another version of this package may know more. */
  readonly code: string;
  /** For people, in one line. */
  readonly reason: string;
}

export type RefusalCode =
  /** No version of the protocol that both speak. */
  | 'protocol'
  /** One side has keys and the other none, or not this one. */
  | 'key'
  | 'datacenter'
  /** The node name belongs to another agent that is alive. */
  | 'name'
  /** The agent reached itself. */
  | 'self'
  /** There is another connection between the two. */
  | 'duplicate'
  /** It left for good. */
  | 'left'
  | 'busy'
  /** Something that cannot be read, or is longer than allowed. */
  | 'malformed'
  | 'stopping';

/** What the other side says of itself, before it is let in. */
export interface PeerHello {
  readonly member: MemberInfo;
  readonly remote: NetworkAddress;
  /** The version of the protocol both speak. */
  readonly protocol: number;
  readonly encrypted: boolean;
}

export interface PeerConnectionOptions {
  readonly connection: Connection;
  readonly role: 'dialer' | 'acceptor';
  readonly self: MemberInfo;
  /** Whether to let it in; may first make sure of something that must not be forgotten. */
  admit(hello: PeerHello): Refusal | undefined | Promise<Refusal | undefined>;
  /** Absent = frames are not encrypted, and peers that encrypt theirs are refused. */
  readonly keys?: PeerKeys;
  readonly settings: Pick<SyncSettings, 'compression' | 'queueBytes' | 'bulkBytesPerSecond'>;
  readonly clock: Clock;
  /** For all of the introduction, default `defaults.peerHandshakeMs`. */
  readonly handshakeMs?: number;
}

export interface PeerHandlers {
  message(message: Message): void;
  /** Called once, whoever ended it; nothing is called afterwards. */
  ended(end: PeerEnd): void;
}

export interface PeerEnd {
  readonly evidence: ConnectionEvidence;
  readonly by: 'us' | 'them' | 'network';
  /** What was said in parting, by whoever ended it. */
  readonly refusal?: Refusal;
}

export interface PeerConnection {
  readonly peer: MemberInfo;
  readonly protocol: number;
  readonly remote: NetworkAddress;
  readonly role: 'dialer' | 'acceptor';
  /** What came in before is kept. Called once, in the turn in which the connection is handed over. */
  start(handlers: PeerHandlers): void;
  /**
   * Queues a message; false when it was dropped because too much waits. Only deltas are ever dropped, whole, the newest
   * of the least urgent first. A connection on which control messages alone are too much ends.
   */
  send(message: Message, priority: Priority): boolean;
  /** Sends what waits as control, says why, and ends. Harmless twice. */
  close(refusal?: Refusal): void;
  /** Ends at once. Harmless twice. */
  destroy(): void;
  report(): PeerTraffic;
}

/** Since the connection began; bytes as they are on the wire, frames of messages. */
export interface PeerTraffic extends Pick<
  PeerReport,
  'sentBytes' | 'receivedBytes' | 'queuedBytes' | 'droppedFrames' | 'compression' | 'encrypted'
> {
  readonly sentFrames: number;
  readonly receivedFrames: number;
  /** Messages as they were before compression and encryption. */
  readonly sentPlainBytes: number;
  readonly receivedPlainBytes: number;
  /** Dropped on arrival: not a message, or of a type we do not know. */
  readonly malformedMessages: number;
  readonly unknownMessages: number;
}
