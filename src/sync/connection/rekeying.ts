import { limits } from '../../model/index.js';
import { WireError } from '../wire/bytes.js';
import { marks } from './hello.js';
import type { PeerKeys } from './peer-keys.js';
import { KEY_ID_BYTES } from './sealing.js';
import type { Sealing } from './sealing.js';
import type { Refusal } from './types.js';

export interface RekeyingPeer {
  write(content: Uint8Array): void;
  refuse(refusal: Refusal): void;
  /** Calls once after a while; returns the cancel. */
  later(act: () => void): () => void;
}

const NO_COMMON_KEY: Refusal = { code: 'key', reason: 'there is no gossip key that both agents have' };
const REMOVED_KEY: Refusal = { code: 'key', reason: 'it goes on encrypting with a key that was removed' };

/**
 * The keys of a connection that is up. Each side tells which keys it has (by names that mean something on this connection
 * only), sends with its primary as soon as the other side has that, until then with one that both have, and announces each
 * change of key under the key before.
 */
export class Rekeying {
  private readonly ignore: () => void;
  private cancelDeadline = (): void => {};

  /** `told` are the keys whose names the other side was given already, `others` the names it gave. */
  constructor(
    private readonly keys: PeerKeys,
    private readonly sealing: Sealing,
    private readonly peer: RekeyingPeer,
    told: readonly string[],
    private others: readonly string[],
  ) {
    this.ignore = keys.onChange(() => this.tell());
    if (told !== keys.keys) this.tell();
    else this.choose();
  }

  /** The other side has these keys now. */
  takeKeys(content: Buffer): void {
    const ids: string[] = [];
    if (content.length % KEY_ID_BYTES !== 1 || content.length > limits.peerKeys * KEY_ID_BYTES + 1) {
      throw new WireError('names of keys that are none');
    }
    for (let at = 1; at < content.length; at += KEY_ID_BYTES) ids.push(content.toString('hex', at, at + KEY_ID_BYTES));
    this.others = ids;
    this.choose();
  }

  /** What the other side sends from now on is sealed with this key. */
  takeUse(content: Buffer): void {
    const id = content.toString('hex', 1);
    const key = this.keys.keys.find((held) => this.sealing.idOf(held) === id);
    if (key === undefined) return this.peer.refuse(NO_COMMON_KEY);
    this.sealing.receiveWith(key);
    this.cancelDeadline();
  }

  stop(): void {
    this.ignore();
    this.cancelDeadline();
  }

  private tell(): void {
    const ids = this.keys.keys.map((key) => Buffer.from(this.sealing.idOf(key), 'hex'));
    this.peer.write(Buffer.concat([Uint8Array.of(marks.keys), ...ids]));
    this.choose();
    this.cancelDeadline();
    if (!this.keys.keys.includes(this.sealing.receivingKey))
      this.cancelDeadline = this.peer.later(() => this.peer.refuse(REMOVED_KEY));
  }

  private choose(): void {
    const { primary, keys } = this.keys;
    const current = keys.filter((key) => key === this.sealing.sendingKey);
    const key = [primary, ...current, ...keys].find((held) => this.others.includes(this.sealing.idOf(held)));
    if (key === undefined) return this.peer.refuse(NO_COMMON_KEY);
    if (key === this.sealing.sendingKey) return;
    this.peer.write(Buffer.concat([Uint8Array.of(marks.use), Buffer.from(this.sealing.idOf(key), 'hex')]));
    this.sealing.sendWith(key);
  }
}
