import type { Random } from '../../src/runtime/index.js';
import type { ServiceEndpoint } from '../../src/model/index.js';
import { sampleEndpoints } from '../../src/testing/sample-endpoints.js';
import { Server } from './server.js';
import { constant, nowAndThen, Speed, type Stretch } from './speed.js';

export interface Scene {
  /** By place; endpoint `api-<place>` is served by it. */
  readonly servers: readonly Server[];
  /** What all can do together, in servers at normal speed, averaged over time. */
  readonly capacity: number;
  /** Requests at a time in relation to the mean; default always 1. */
  readonly crowd?: (nowMs: number) => number;
  /** What clients see of them from when on; default all, passing, from the beginning. */
  readonly sets?: readonly { readonly atMs: number; readonly endpoints: readonly ServiceEndpoint[] }[];
}

export interface Scenario {
  readonly name: string;
  /** In words for the results page. */
  readonly about: string;
  /** How long it is run, in virtual milliseconds. */
  readonly forMs: number;
  scene(count: number, random: Random): Scene;
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

const hetero: Scenario = {
  name: 'hetero',
  about: '20 % of the servers are 2.5 times slower',
  forMs: 16_000,
  scene(count) {
    const slow = Math.round(count / 5);
    const servers = range(count).map((at) => new Server(constant(at < slow ? 1 / 2.5 : 1)));
    return { servers, capacity: count - slow + slow / 2.5 };
  },
};

const antagonist: Scenario = {
  name: 'antagonist',
  about: 'each server runs at a quarter of its speed for about 2 s of about every 12 s',
  forMs: 16_000,
  scene(count, random) {
    const cycle = { everyMs: 12_000, forMs: 2_000, speed: 0.25, spread: 0.25 };
    return { servers: range(count).map(() => new Server(nowAndThen(random, cycle))), capacity: (count * 10.5) / 12 };
  },
};

const pause: Scenario = {
  name: 'pause',
  about: 'each server stands still for 0.5 s of every 10 s',
  forMs: 16_000,
  scene(count, random) {
    const cycle = { everyMs: 10_000, forMs: 500, speed: 0, spread: 0 };
    return { servers: range(count).map(() => new Server(nowAndThen(random, cycle))), capacity: count * 0.95 };
  },
};

const blackhole: Scenario = {
  name: 'blackhole',
  about: 'one server fails every request within 1 ms; 64 s, so that it is given back and ejected again',
  forMs: 64_000,
  scene(count) {
    return { servers: range(count).map((at) => new Server(constant(1), at === 0)), capacity: count - 1 };
  },
};

/** Every server once: new ones are slow for their first 5 s, old ones are marked draining 1 s before they go. */
const rollout: Scenario = {
  name: 'rollout',
  about: 'every server is replaced, one tenth at a time, by one at half speed for its first 5 s',
  forMs: 16_000,
  scene(count) {
    const wave = Math.max(1, Math.round(count / 10));
    const beginMs = 5_000;
    const everyMs = 1_500;
    const startsMs = (at: number): number => (at < count ? 0 : beginMs + Math.floor((at - count) / wave) * everyMs);
    const servers = range(2 * count).map((at) => {
      const cold: Stretch[] =
        at < count
          ? []
          : [
              { forMs: startsMs(at), speed: 1 },
              { forMs: 5_000, speed: 0.5 },
            ];
      return new Server(new Speed(cold.values()));
    });
    const all = sampleEndpoints(2 * count);
    const setAt = (waves: number): readonly ServiceEndpoint[] =>
      all.flatMap((endpoint, at) => {
        if (at >= count) return at - count < waves * wave ? [endpoint] : [];
        if (at < (waves - 1) * wave) return [];
        return at < waves * wave ? [{ ...endpoint, status: 'maintenance' as const, healthy: false }] : [endpoint];
      });
    const waves = Math.ceil(count / wave);
    const sets = [
      { atMs: 0, endpoints: setAt(0) },
      ...range(waves + 1).map((at) => ({ atMs: beginMs + at * everyMs, endpoints: setAt(at + 1) })),
    ];
    return { servers, capacity: count * 0.85, sets };
  },
};

const crowd: Scenario = {
  name: 'crowd',
  about: 'for 0.5 s of every 5 s there are twice as many requests',
  forMs: 16_000,
  scene(count) {
    return {
      servers: range(count).map(() => new Server()),
      capacity: count * 0.8,
      crowd: (nowMs) => (nowMs % 5_000 < 500 ? 2 : 1),
    };
  },
};

function* slowEveryTenSeconds(): Iterator<Stretch> {
  for (;;) {
    yield { forMs: 7_000, speed: 1 };
    yield { forMs: 3_000, speed: 0.4 };
  }
}

const correlated: Scenario = {
  name: 'correlated',
  about: 'a third of the servers run at 40 % together for 3 s of every 10 s',
  forMs: 16_000,
  scene(count) {
    const third = Math.round(count / 3);
    const servers = range(count).map((at) => new Server(at < third ? new Speed(slowEveryTenSeconds()) : constant(1)));
    // What is there while it is slow: the rest of the time is easy.
    return { servers, capacity: count - third * 0.6 };
  },
};

export const scenarios = { hetero, antagonist, pause, blackhole, rollout, crowd, correlated } as const;
