import { limits, type ServiceEndpoint } from '../model/index.js';
import type { EndpointPick } from './endpoint-pick.js';
import { hashText } from './hash.js';
import type { LatencyScale } from './latency-scale.js';
import { EjectionRecord } from './layers/ejection-record.js';
import type { Candidate } from './policy.js';

/** How far an average may be from the median, either way, so that one stall cannot starve an endpoint. */
const CLIP = 3;

/** What a balancer knows of one endpoint for as long as the endpoint stays in the set. */
export class Member implements Candidate {
  weight = 1;
  baseWeight = 1;
  inflight = 0;
  tried = false;
  sampled = false;
  /** The moving average; see `latencyMs` for what is made of it. */
  smoothedMs = 0;
  sampledAtMs = 0;
  /** Whether it was ever seen passing or warning. */
  wasReady = false;
  /** Since when it is passing or warning without a break. */
  readySinceMs = -Infinity;
  readonly ejection = new EjectionRecord();
  /** Place in the client's own order of the endpoints. */
  readonly rank: number;
  private oldest: EndpointPick | undefined;
  private newest: EndpointPick | undefined;
  /** The oldest that has not waited too long to tell anything. */
  private watched: EndpointPick | undefined;

  constructor(
    readonly key: string,
    public endpoint: ServiceEndpoint,
    private readonly scale: LatencyScale,
    seed: number,
  ) {
    this.rank = hashText(key, seed);
  }

  latencyMs(nowMs: number): number {
    const usual = this.scale.medianMs;
    if (!this.sampled) return usual;
    const clipped = clip(this.smoothedMs, usual);
    if (this.inflight > 0) return clipped;
    return usual + (clipped - usual) * Math.exp((this.sampledAtMs - nowMs) / this.scale.tauMs);
  }

  waitingMs(nowMs: number): number {
    const sinceMs = nowMs - limits.balancerWaitingMs;
    while (this.watched !== undefined && this.watched.atMs < sinceMs) this.watched = this.watched.newer;
    return this.watched === undefined ? 0 : nowMs - this.watched.atMs;
  }

  began(pick: EndpointPick): void {
    this.tried = true;
    this.inflight++;
    pick.older = this.newest;
    if (this.newest) this.newest.newer = pick;
    else this.oldest = pick;
    this.newest = pick;
    this.watched ??= pick;
  }

  ended(pick: EndpointPick): void {
    this.inflight--;
    if (this.watched === pick) this.watched = pick.newer;
    if (pick.older) pick.older.newer = pick.newer;
    else this.oldest = pick.newer;
    if (pick.newer) pick.newer.older = pick.older;
    else this.newest = pick.older;
    pick.older = undefined;
    pick.newer = undefined;
  }

  /** The oldest pick not done, when it began before that time. */
  forgotten(beforeMs: number): EndpointPick | undefined {
    return this.oldest !== undefined && this.oldest.atMs < beforeMs ? this.oldest : undefined;
  }

  /** Averages by the time passed, but a failure counts at once. Clipped when stored: a stall is not to be paid off later. */
  observe(ok: boolean, latencyMs: number, nowMs: number): void {
    if (this.sampled && ok) {
      const kept = Math.exp((this.sampledAtMs - nowMs) / this.scale.tauMs);
      this.smoothedMs = clip(this.smoothedMs * kept + latencyMs * (1 - kept), this.scale.medianMs);
    } else {
      this.smoothedMs = this.sampled ? clip(latencyMs, this.scale.medianMs) : latencyMs;
    }
    this.sampled = true;
    this.sampledAtMs = nowMs;
  }
}

function clip(latencyMs: number, usualMs: number): number {
  return Math.min(usualMs * CLIP, Math.max(usualMs / CLIP, latencyMs));
}
