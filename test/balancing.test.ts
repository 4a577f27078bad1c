/** The simulator of the balancing bench against theory, and the policies against each other in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cell, latenciesOf, settings } from '../bench/balancing/cells.js';
import { contestants } from '../bench/balancing/contestants.js';
import { exponential } from '../bench/balancing/draws.js';
import { scenarios, type Scenario } from '../bench/balancing/scenarios.js';
import { Server } from '../bench/balancing/server.js';
import { simulate, type SimulationOptions } from '../bench/balancing/simulation.js';
import { constant } from '../bench/balancing/speed.js';

/** Queues of one worker each, as queueing theory has them. */
const singleQueues: Scenario = {
  name: 'single queues',
  about: '',
  forMs: 40_000,
  scene: (count) => ({
    servers: Array.from({ length: count }, () => new Server(constant(1), false, 1)),
    capacity: count / 4,
  }),
};

/** Mitzenmacher 2001: mean time in a system of many queues, in service times, when the shortest of d is chosen. */
function meanTime(load: number, d: number): number {
  if (d === 1) return 1 / (1 - load);
  let sum = 0;
  for (let i = 1; i < 40; i++) sum += load ** ((d ** i - d) / (d - 1));
  return sum;
}

describe('the supermarket model at load 0.9', () => {
  test.each([
    [1, 'random', 10, 0.1],
    [2, 'p2c', 2.61, 0.08],
  ])('with %i choices (%s) requests take about %d service times', (d, policy, expected, tolerance) => {
    expect(meanTime(0.9, d)).toBeCloseTo(expected, 1);
    const { meanMs } = simulate({
      scenario: singleQueues,
      servers: 100,
      clients: 1,
      load: 0.9,
      seed: 1,
      forMs: singleQueues.forMs,
      warmUpMs: 8_000,
      balancer: { policy },
      serviceMs: (random) => exponential(random, 10),
      networkMs: 0,
    });
    expect(Math.abs(meanMs / 10 / meanTime(0.9, d) - 1)).toBeLessThan(tolerance);
  });
});

function p99WithAntagonists(balancer: SimulationOptions['balancer']): number {
  const options = {
    scenario: scenarios.antagonist,
    servers: 50,
    clients: 20,
    load: 0.7,
    forMs: 9_000,
    warmUpMs: 3_000,
  };
  return simulate({ ...options, seed: 1, balancer }).p99Ms;
}

describe('50 servers, each at a quarter of its speed now and then', () => {
  test('policies come in the order that is known: random, p2c, least request, on a subset, adaptive, bound', () => {
    const latencies = [
      p99WithAntagonists({ policy: 'random' }),
      p99WithAntagonists({ policy: 'p2c' }),
      p99WithAntagonists({ policy: 'least-request' }),
      p99WithAntagonists({ policy: 'least-request', subset: {} }),
      p99WithAntagonists({}),
      p99WithAntagonists('clairvoyant'),
    ];
    expect(latencies.toSorted((a, b) => b - a)).toEqual(latencies);
    const [random = 0, p2c = 0, , , adaptive = 0, bound = 0] = latencies;
    expect(random).toBeGreaterThan(3 * p2c);
    expect(p2c).toBeGreaterThan(2 * adaptive);
    expect(adaptive).toBeLessThanOrEqual(1.5 * bound);
  });
});

test('a server that fails everything costs hardly any request', () => {
  const options = { scenario: scenarios.blackhole, servers: 10, clients: 4, load: 0.7, forMs: 12_000, warmUpMs: 2_000 };
  expect(simulate({ ...options, seed: 1, balancer: {} }).success).toBeGreaterThanOrEqual(0.9999);
  expect(simulate({ ...options, seed: 1, balancer: { policy: 'p2c', ejection: false } }).success).toBeLessThan(0.95);
});

test('second copies bring the slowest in a thousand below 120 ms where servers pause for 500', () => {
  const options = { scenario: scenarios.pause, servers: 50, clients: 20, load: 0.7, forMs: 9_000, warmUpMs: 4_000 };
  const { p999Ms, hedged } = simulate({ ...options, seed: 1, balancer: {}, hedge: true });
  expect(p999Ms).toBeLessThanOrEqual(120);
  expect(hedged).toBeLessThanOrEqual(0.05);
});

describe('the same figures', () => {
  const options = { scenario: scenarios.rollout, servers: 10, clients: 4, load: 0.7, forMs: 6_000, warmUpMs: 1_000 };

  test('come of the same seed, and others of another', () => {
    const once = simulate({ ...options, seed: 5, balancer: {} });
    expect(simulate({ ...options, seed: 5, balancer: {} })).toEqual(once);
    expect(simulate({ ...options, seed: 6, balancer: {} })).not.toEqual(once);
  });

  test('are on the results page: npm run bench balancing writes it', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/balancing-results.md'), 'utf8');
    const setting = settings.find(({ servers, load }) => servers === 10 && load === 0.7);
    const adaptive = contestants.find(({ name }) => name === '**adaptive**');
    if (!setting || !adaptive) throw new Error('no such cell');
    const section = page.slice(page.indexOf('### 10 servers, 4 clients, load 0.7'));
    const row = section.split('\n').find((line) => line.startsWith('| **adaptive** |'));
    expect(row).toContain(`| ${latenciesOf(cell(setting, scenarios.hetero, adaptive))} |`);
  });
});
