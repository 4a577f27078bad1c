import { invalid, limits, type Keyring } from '../../model/index.js';
import { isKey, type PeerKeys } from '../connection/peer-keys.js';
import type { MemberInfo, Message, Origin } from '../messages.js';

type KeyringMessage = Message & { readonly type: 'keyring' };

/** What of the keyring outlives the process. */
export interface StoredKeys {
  readonly keys: readonly string[];
  readonly primary: string;
  /** Wall-clock ms of the last change by an operator; 0 = as configured. */
  readonly at: number;
}

export interface ClusterKeyringOptions {
  readonly keys: PeerKeys;
  /** Of what the keys are now. */
  readonly at: number;
  readonly wall: () => number;
  readonly peers: () => readonly MemberInfo[];
  readonly send: (to: Origin, message: KeyringMessage) => void;
  /** Rejects when it cannot be kept: then the change is not told either. */
  readonly store: (keys: StoredKeys) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/**
 * The keys of all agents, changed while they run: install the new one everywhere, then use it, then remove the old one.
 * Each agent says its whole ring with the time of its last change, and takes over a later one: an agent that was away
 * during a rotation catches up as soon as it is let in, which a key that both still have is enough for.
 */
export class ClusterKeyring implements Keyring {
  private at: number;
  private readonly said = new Map<Origin, readonly string[]>();

  constructor(private readonly options: ClusterKeyringOptions) {
    this.at = options.at;
  }

  get keys(): readonly string[] {
    return this.options.keys.keys;
  }

  get primary(): string {
    return this.options.keys.primary;
  }

  counts(): ReadonlyMap<string, number> {
    const counts = new Map(this.keys.map((key) => [key, 1]));
    for (const keys of this.said.values()) for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  }

  install(key: string): Promise<void> {
    return this.change(() => {
      if (this.keys.length >= limits.peerKeys) throw invalid(`a keyring holds at most ${limits.peerKeys} keys`);
      this.options.keys.install(key);
    });
  }

  use(key: string): Promise<void> {
    return this.change(() => this.options.keys.use(key));
  }

  remove(key: string): Promise<void> {
    return this.change(() => this.options.keys.remove(key));
  }

  connected({ origin }: MemberInfo): void {
    this.options.send(origin, this.message());
  }

  disconnected(origin: Origin): void {
    this.said.delete(origin);
  }

  heard(from: Origin, { keys, primary, at }: KeyringMessage): void {
    if (!keys.includes(primary) || !keys.every(isKey)) return;
    this.said.set(from, keys);
    if (at <= this.at) return;
    this.at = at;
    this.adopt(keys, primary);
    this.keep().catch(this.options.failed);
    this.tellAll();
  }

  /** In an order in which the ring is never without the key that is used. */
  private adopt(keys: readonly string[], primary: string): void {
    const { keys: ring } = this.options;
    for (const key of keys) ring.install(key);
    ring.use(primary);
    for (const key of ring.keys) if (!keys.includes(key)) ring.remove(key);
  }

  private async change(edit: () => void): Promise<void> {
    edit();
    this.at = Math.max(this.at + 1, this.options.wall());
    await this.keep();
    this.tellAll();
  }

  private keep(): Promise<void> {
    return this.options.store({ keys: this.keys, primary: this.primary, at: this.at });
  }

  private tellAll(): void {
    for (const { origin } of this.options.peers()) this.options.send(origin, this.message());
  }

  private message(): KeyringMessage {
    return { type: 'keyring', keys: this.keys, primary: this.primary, at: this.at };
  }
}
