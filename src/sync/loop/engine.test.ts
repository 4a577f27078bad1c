import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { memberInfo } from '../../testing/member-world.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { silentLogger } from '../../runtime/index.js';
import { HybridClock } from '../hlc.js';
import { defaultSyncSettings } from '../settings.js';
import type { MembersPart, StepContext, StreamsPart } from '../step/parts.js';
import { createSyncState } from '../step/step.js';
import type { SyncInput } from '../step/types.js';
import { Engine } from './engine.js';
import { MergeQueue } from './merge-queue.js';
import { Outbox } from './outbox.js';

/** A step whose members part does what a test says. */
function engine(tick: (context: StepContext, lagMs: number) => void) {
  const order: string[] = [];
  const clock = new FakeClock();
  const state = createSyncState(
    { self: memberInfo('a'), settings: defaultSyncSettings, held: () => [], clock: new HybridClock() },
    {
      members: () =>
        ({
          tick: (lagMs: number, context: StepContext) => tick(context, lagMs),
          message: () => {
            throw new TypeError('a bug');
          },
        }) as unknown as MembersPart,
      streams: () => ({ tick: () => {} }) as unknown as StreamsPart,
    },
  );
  const merges: (() => void)[] = [];
  const offended: string[] = [];
  const it = new Engine({
    state,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    merges: new MergeQueue(
      {
        merge: ({ durability }) => {
          order.push(`merge ${durability}`);
          return new Promise((resolve) => merges.push(resolve));
        },
      },
      silentLogger,
      () => {},
    ),
    outbox: new Outbox(({ message }) => order.push(`send ${message.type}`)),
    notice: ({ type }) => order.push(`notice ${type}`),
    offended: (origin) => offended.push(origin),
    stepped: () => order.push('stepped'),
  });
  return { it, order, merges, offended };
}

const tick = (lagMs: number): SyncInput => ({ type: 'tick', lagMs });
const local = { type: 'local' } as const;

test('merges go before sends, and what a step must not forget before anything said after it', async () => {
  const { it, order, merges } = engine(({ out }, lagMs) => {
    out.notices.push({ type: 'home', problem: '' });
    out.sends.push({ to: 'b', message: { type: 'ping' }, priority: 'control' });
    out.merges.push({ target: local, changes: [], durability: lagMs === 1 ? 'synced' : 'lazy' });
  });
  it.take(tick(0));
  expect(order.splice(0)).toEqual(['merge lazy', 'send ping', 'notice home', 'stepped']);
  it.take(tick(1));
  it.take(tick(0));
  expect(order.splice(0)).toEqual(['merge synced', 'notice home', 'stepped', 'merge lazy', 'notice home', 'stepped']);
  merges[1]?.();
  await new Promise((resolve) => void setImmediate(resolve));
  expect(order).toEqual(['send ping', 'send ping']);
});

test('an input that comes up within another waits for its turn', () => {
  const lags: number[] = [];
  const world = engine((_, lagMs) => {
    if (lagMs === 1) world.it.take(tick(2));
    lags.push(lagMs);
  });
  world.it.take(tick(1));
  expect(lags).toEqual([1, 2]);
});

test('what a peer says cannot end the loop: it is counted, and the peer is told off', () => {
  const lags: number[] = [];
  const { it, offended } = engine((_, lagMs) => lags.push(lagMs));
  it.take({ type: 'message', from: 'b', message: { type: 'ping' } });
  it.take(tick(7));
  expect([it.failedSteps, offended, lags]).toEqual([1, ['b'], [7]]);
});
