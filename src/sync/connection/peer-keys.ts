import { invalid } from '../../model/index.js';

const KEY_BYTES = 32;

/**
 * Keys that an agent accepts from its peers, and the one it sends with. Changed while connections are up: each goes over
 * to the new primary as soon as the other side is known to have it.
 */
export class PeerKeys {
  private held: readonly string[];
  private first: string;
  private readonly listeners = new Set<() => void>();

  /** Base64 of 32 bytes each; the first is the primary unless another is named. */
  constructor(keys: readonly string[], primary = keys[0]) {
    if (primary === undefined) throw invalid('a keyring has at least one key');
    this.held = [...new Set([primary, ...keys].map(checkedKey))];
    this.first = primary;
  }

  get keys(): readonly string[] {
    return this.held;
  }

  get primary(): string {
    return this.first;
  }

  install(key: string): void {
    if (this.held.includes(checkedKey(key))) return;
    this.change([...this.held, key], this.first);
  }

  /** INVALID_ARGUMENT for a key that is not installed. */
  use(key: string): void {
    if (!this.held.includes(key)) throw invalid('the requested key is not in the keyring');
    if (key !== this.first) this.change(this.held, key);
  }

  /** INVALID_ARGUMENT for the primary. */
  remove(key: string): void {
    if (key === this.first) throw invalid('removing the primary key is not allowed');
    if (this.held.includes(key))
      this.change(
        this.held.filter((one) => one !== key),
        this.first,
      );
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private change(keys: readonly string[], primary: string): void {
    this.held = keys;
    this.first = primary;
    for (const listener of this.listeners) listener();
  }
}

/** Base64 as `openssl rand -base64 32` writes it. */
export function isKey(key: string): boolean {
  const bytes = Buffer.from(key, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === key;
}

/** The key itself; INVALID_ARGUMENT, without showing it, when it is none. */
function checkedKey(key: string): string {
  if (isKey(key)) return key;
  throw invalid(`a gossip key is the base64 text of ${KEY_BYTES} bytes`);
}
