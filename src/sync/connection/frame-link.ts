import { limits } from '../../model/index.js';
import type { Connection, ConnectionEvidence } from '../../runtime/index.js';
import { WireError } from '../wire/bytes.js';
import { flagsOf, frameHead, FrameReader } from './frames.js';
import type { Frame } from './frames.js';
import { KEY_ID_BYTES, TAG_BYTES } from './sealing.js';
import type { Sealing } from './sealing.js';

export interface LinkListener {
  /** More has arrived, or it is over. */
  changed(): void;
  /** All that was written is handed to the system. */
  drained(): void;
}

/** What a frame may have besides its content. */
const OVERHEAD = KEY_ID_BYTES + TAG_BYTES;
const NOTHING = new Uint8Array();

/** Frames over a connection: below both the introduction and what follows it. */
export class FrameLink {
  sentBytes = 0;
  receivedBytes = 0;
  /** How it ended; undefined while it lasts. */
  evidence: ConnectionEvidence | undefined;
  sealing: Sealing | undefined;
  /** The largest content of a frame now. */
  mostBytes: number = limits.peerHelloBytes;
  private isFlooded = false;
  private readonly reader = new FrameReader();
  private listener: LinkListener | undefined;

  constructor(readonly connection: Connection) {
    connection.start({
      data: (bytes) => this.receive(bytes),
      drained: () => this.listener?.drained(),
      ended: (evidence) => {
        this.evidence = evidence;
        this.listener?.changed();
      },
    });
  }

  listen(listener: LinkListener): void {
    this.listener = listener;
  }

  take(size: number): Buffer | undefined {
    return this.reader.take(size);
  }

  /** The next frame as it was sent. WireError for what is none. */
  next(): Frame | undefined {
    if (this.isFlooded) throw new WireError('more than was allowed to be sent');
    return this.reader.next(this.mostBytes + OVERHEAD);
  }

  /** What is in it. WireError unless it is sealed exactly when it must be. */
  open(frame: Frame): Buffer {
    if (frame.isSealed !== (this.sealing !== undefined))
      throw new WireError('a frame that is not sealed, or should not be');
    return this.sealing ? this.sealing.open(flagsOf(frame), frame.body) : frame.body;
  }

  /** A frame to be written, next of all. The first one that is sealed begins with the name of its key. */
  frame(content: Uint8Array, { isCompressed = false, keyId = NOTHING } = {}): Uint8Array {
    const flags = flagsOf({ isSealed: this.sealing !== undefined, isCompressed });
    const body = this.sealing ? this.sealing.seal(flags, content) : content;
    return Buffer.concat([frameHead(flags, keyId.length + body.length), keyId, body]);
  }

  write(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    this.connection.write(bytes);
  }

  private receive(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    // Whoever reads leaves less than a frame.
    if (this.reader.held > this.mostBytes + 2 * OVERHEAD) this.isFlooded = true;
    else this.reader.push(bytes);
    this.listener?.changed();
  }
}
