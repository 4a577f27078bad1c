import { profiles } from '../plan/profiles.js';
import { Tally } from '../world/tally.js';
import type { RunResult } from './run-scenario.js';

/** What happened over many runs, so that it can be seen what was tried and what was not. */
export class Summary {
  runs = 0;
  private events = 0;
  private virtualMs = 0;
  private slowest: { readonly seed: number; readonly ms: number } | undefined;
  private readonly tally = new Tally();
  private readonly profiles = new Tally();
  private readonly converged: number[] = [];

  add({ scenario, tally, events, virtualMs, convergedMs }: RunResult): void {
    this.runs++;
    this.events += events;
    this.virtualMs += virtualMs;
    this.tally.add(tally);
    this.profiles.count(scenario.title);
    if (convergedMs === undefined) return;
    if (scenario.tempo === 1) this.converged.push(convergedMs);
    if (scenario.tempo === 1 && convergedMs > (this.slowest?.ms ?? -1))
      this.slowest = { seed: scenario.seed, ms: convergedMs };
  }

  /** Faults of the generator that never happened. */
  missing(expected: readonly string[]): readonly string[] {
    return expected.filter((what) => !this.tally.counts.has(what));
  }

  lines(): readonly string[] {
    const sorted = this.converged.toSorted((a, b) => a - b);
    const quantile = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return [
      `${this.runs} runs, ${(this.virtualMs / 3_600_000).toFixed(1)} virtual hours, ${this.events} events`,
      `converged after healing: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, longest ${this.slowest?.ms} ms (seed ${this.slowest?.seed})`,
      'kinds of runs:',
      ...profiles.map(({ title }) => `  ${String(this.profiles.counts.get(title) ?? 0).padStart(8)}  ${title}`),
      'what happened:',
      ...[...this.tally.counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([what, count]) => `  ${String(count).padStart(8)}  ${what}`),
    ];
  }
}
