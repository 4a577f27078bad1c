import type { ServiceDiscoveryError } from '../../model/index.js';
import type { KnownAnswer } from './record-cache.js';

/** How far what was put together of several answers can be trusted: as far as the weakest of them. */
export class Evidence {
  ttlMs = Number.POSITIVE_INFINITY;
  ageMs = 0;
  stale = false;
  error: ServiceDiscoveryError | undefined;

  note(known: KnownAnswer): void {
    this.ttlMs = Math.min(this.ttlMs, known.ttlMs);
    this.ageMs = Math.max(this.ageMs, known.ageMs);
    this.stale ||= known.stale;
    this.error ??= known.error;
  }

  /** Of a record used beside the answer it came with. */
  noteTtl(ttlMs: number): void {
    this.ttlMs = Math.min(this.ttlMs, ttlMs);
  }
}
