/**
 * How two agents come to talk (docs/peer-protocol.md): both send a preamble, then a hello, sealed when they have keys; each decides
 * whether it lets the other in and says so. Only when both did is there a peer connection. Whatever goes wrong ends it
 * within `handshakeMs`, with a reason that both sides can log.
 */
import { randomBytes } from 'node:crypto';
import { defaults, ServiceDiscoveryError } from '../../model/index.js';
import type { ConnectionEvidence } from '../../runtime/index.js';
import type { MemberInfo } from '../messages.js';
import { WireError } from '../wire/bytes.js';
import { FrameLink } from './frame-link.js';
import type { Frame } from './frames.js';
import type { Hello } from './hello.js';
import {
  marked,
  marks,
  offeredVersions,
  preamble,
  PREAMBLE_BYTES,
  readHello,
  readPreamble,
  readRefusal,
  readSaid,
  SALT_BYTES,
} from './hello.js';
import { LivePeerConnection } from './live-peer-connection.js';
import { KEY_ID_BYTES, Sealing } from './sealing.js';
import type { PeerConnection, PeerConnectionOptions, PeerEnd, Refusal, RefusalCode } from './types.js';

/**
 * Rejects with CONFLICT when either side does not let the other in, with UNAVAILABLE when the connection ends or nothing
 * comes of it in time; `details` are those of a PeerEnd, and `member` once it is known. The connection is ended then.
 */
export async function openPeerConnection(options: PeerConnectionOptions): Promise<PeerConnection> {
  const introduction = new Introduction(options);
  try {
    return await introduction.peer();
  } catch (error) {
    throw introduction.failure(error);
  }
}

class Introduction {
  private readonly link: FrameLink;
  private readonly salt = randomBytes(SALT_BYTES);
  private readonly overdue: Promise<never>;
  private readonly cancelDeadline: () => void;
  private wake: () => void = () => {};
  /** The other side is one of ours, and understands a refusal. */
  private isUnderstood = false;
  private member: MemberInfo | undefined;

  constructor(private readonly options: PeerConnectionOptions) {
    this.link = new FrameLink(options.connection);
    this.link.listen({ changed: () => this.wake(), drained: () => {} });
    const { clock, handshakeMs = defaults.peerHandshakeMs } = options;
    let fail: (error: Error) => void;
    this.overdue = new Promise((_, reject) => void (fail = reject));
    this.overdue.catch(() => {});
    this.cancelDeadline = clock.after(handshakeMs, () =>
      fail(lost('timeout', `no introduction within ${handshakeMs} ms`)),
    );
  }

  async peer(): Promise<PeerConnection> {
    const { self, settings, keys, connection } = this.options;
    await this.exchangePreambles();
    const told = keys?.keys ?? [];
    this.sayHello({ member: self, inflates: settings.compression !== 'off', keyIds: this.idsOf(told) });
    const said = readSaid(await this.content(marks.hello));
    const protocol = this.commonVersion(offeredVersions(said));
    const hello = readHello(said);
    this.member = hello.member;
    const asked = { member: hello.member, remote: connection.remote, protocol, encrypted: keys !== undefined };
    const refusal = await Promise.race([this.options.admit(asked), this.overdue]);
    if (refusal) throw this.refuse(refusal);
    this.link.write(this.link.frame(marked(marks.accept, {})));
    await this.content(marks.accept);
    this.cancelDeadline();
    return new LivePeerConnection(this.link, this.options, { hello, protocol, told });
  }

  /** Ends the connection; returns what to reject with. */
  failure(error: unknown): unknown {
    this.cancelDeadline();
    const failure = error instanceof WireError ? this.malformed(error) : error;
    if (!(failure instanceof Failure) || failure.end.by !== 'us') this.link.connection.destroy();
    // Else the admission itself failed.
    if (!(failure instanceof Failure)) return failure;
    const { end, message } = failure;
    const { host, port } = this.options.connection.remote;
    const who = this.member ? `${this.member.node} at ${host}:${port}` : `${host}:${port}`;
    return new ServiceDiscoveryError(end.refusal ? 'CONFLICT' : 'UNAVAILABLE', `${who}: ${message}`, {
      details: { ...end, ...(this.member && { member: this.member }) },
    });
  }

  private async exchangePreambles(): Promise<void> {
    const { keys, role } = this.options;
    this.link.write(preamble({ isEncrypted: keys !== undefined, salt: this.salt }));
    const theirs = readPreamble(await this.until(() => this.link.take(PREAMBLE_BYTES)));
    this.isUnderstood = true;
    if (theirs.isEncrypted && !keys) throw this.refuse(KEY_MISSING);
    if (!theirs.isEncrypted && keys) throw this.refuse(KEY_NEEDED);
    if (!keys) return;
    this.link.sealing = new Sealing(role, this.salt, theirs.salt);
    this.link.sealing.sendWith(keys.primary);
  }

  private sayHello(hello: Hello): void {
    const { sealing } = this.link;
    const keyId = sealing ? Buffer.from(sealing.idOf(sealing.sendingKey), 'hex') : undefined;
    this.link.write(this.link.frame(marked(marks.hello, hello), keyId ? { keyId } : {}));
  }

  /** The content of the next frame, which has this mark, or is a refusal. */
  private async content(mark: number): Promise<Buffer> {
    const frame = await this.until(() => this.link.next());
    const content = this.opened(frame);
    if (content[0] === marks.refusal)
      throw new Failure({ evidence: 'closed', by: 'them', refusal: readRefusal(content) });
    if (content[0] !== mark || frame.isCompressed) throw new WireError('something else than an introduction');
    return content;
  }

  private opened(frame: Frame): Buffer {
    const { sealing } = this.link;
    // Who cannot read what we sealed says so in the clear. Anybody could: it is believed to be about the key, no more.
    if (sealing && !frame.isSealed && frame.body[0] === marks.refusal) {
      throw new Failure({ evidence: 'closed', by: 'them', refusal: { ...readRefusal(frame.body), code: 'key' } });
    }
    if (!sealing || !frame.isSealed || sealing.receivingKey !== '') return this.link.open(frame);
    const id = frame.body.toString('hex', 0, KEY_ID_BYTES);
    const key = this.options.keys?.keys.find((held) => sealing.idOf(held) === id);
    if (key === undefined) throw this.refuse(KEY_UNKNOWN);
    sealing.receiveWith(key);
    return this.link.open({ ...frame, body: frame.body.subarray(KEY_ID_BYTES) });
  }

  private commonVersion(theirs: MemberInfo['protocol']): number {
    const ours = this.options.self.protocol;
    const version = Math.min(ours.max, theirs.max);
    if (version >= Math.max(ours.min, theirs.min)) return version;
    const [we, they] = [ours, theirs].map(({ min, max }) =>
      min === max ? `version ${min}` : `versions ${min} to ${max}`,
    );
    throw this.refuse(refusal('protocol', `it speaks ${they} of the peer protocol, this agent ${we}`));
  }

  private async until<T>(attempt: () => T | undefined): Promise<T> {
    for (;;) {
      const value = attempt();
      if (value !== undefined) return value;
      const { evidence } = this.link;
      if (evidence !== undefined) throw lost(evidence, `the connection ended during the introduction: ${evidence}`);
      const changed = new Promise<void>((resolve) => void (this.wake = resolve));
      await Promise.race([changed, this.overdue]);
    }
  }

  private idsOf(keys: readonly string[]): readonly string[] {
    const { sealing } = this.link;
    return sealing ? keys.map((key) => sealing.idOf(key)) : [];
  }

  private malformed(error: WireError): Failure {
    const said = refusal('malformed', error.message);
    // A web browser, or a port scanner: not a word to it.
    if (!this.isUnderstood) return new Failure({ evidence: 'closed', by: 'network' }, error.message);
    return this.refuse(said);
  }

  private refuse(reason: Refusal): Failure {
    // Or the other side could not read it.
    if (reason.code === 'key') this.link.sealing = undefined;
    this.link.write(this.link.frame(marked(marks.refusal, reason)));
    this.link.connection.close();
    return new Failure({ evidence: 'closed', by: 'us', refusal: reason });
  }
}

const KEY_MISSING = refusal('key', 'its frames are encrypted, and this agent has no gossip key');
const KEY_NEEDED = refusal('key', 'its frames are not encrypted, and this agent has a gossip key');
const KEY_UNKNOWN = refusal('key', 'its frames are encrypted with a key that this agent does not have');

function refusal(code: RefusalCode, reason: string): Refusal {
  return { code, reason };
}

function lost(evidence: ConnectionEvidence, message: string): Failure {
  return new Failure({ evidence, by: 'network' }, message);
}

/** Why there is no connection. */
class Failure extends Error {
  constructor(
    readonly end: PeerEnd,
    message = end.by === 'us' ? `refused: ${end.refusal?.reason}` : `refused by it: ${end.refusal?.reason}`,
  ) {
    super(message);
  }
}
