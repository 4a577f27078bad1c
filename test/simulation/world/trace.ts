/**
 * What happened, as lines. All of them go into one hash, so that two runs can be compared; they are kept or shown only
 * when somebody reads them.
 */
export class Trace {
  /** FNV-1a over everything so far, in two halves with different starts. */
  private left = 0x811c9dc5;
  private right = 0x01234567;

  constructor(private readonly show: ((line: string) => void) | undefined) {}

  get isShown(): boolean {
    return this.show !== undefined;
  }

  get hash(): string {
    return hex(this.left) + hex(this.right);
  }

  /** For people and for the hash. */
  line(nowMs: number, text: string): void {
    this.mix(nowMs);
    for (let at = 0; at < text.length; at++) this.mix(text.charCodeAt(at));
    this.show?.(`${seconds(nowMs)}  ${text}`);
  }

  /** For the hash: too many to show. */
  bytes(nowMs: number, bytes: Uint8Array): void {
    this.mix(nowMs);
    for (let at = 0; at < bytes.length; at++) this.mix(bytes[at] as number);
  }

  private mix(value: number): void {
    this.left = Math.imul(this.left ^ value, 0x01000193) >>> 0;
    this.right = Math.imul(this.right ^ value, 0x01000193) + 0x9e3779b9;
    this.right = (this.right ^ (this.right >>> 15)) >>> 0;
  }
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`.padStart(11);
}
