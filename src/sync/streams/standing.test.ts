import { describe, expect, test } from 'vitest';
import type { CatalogRow } from '../../model/index.js';
import { refKey, refOf } from '../../model/index.js';
import { checkRow, nodeRow, serviceRow } from '../../testing/catalog-world.js';
import { Space } from './space.js';
import { winnerOf } from './standing.js';
import { Stream } from './stream.js';

const service = refOf(serviceRow('n', 's'));
const check = refOf(checkRow('n', 'c'));

interface Holder {
  readonly origin: string;
  readonly inc?: number;
  readonly isDead?: true;
  /** Clocks of the service and its check; undefined = does not hold it. */
  readonly service?: number;
  readonly check?: number;
  /** Clocks of deletions. */
  readonly serviceGone?: number;
  readonly checkGone?: number;
}

function winners(holders: readonly Holder[]): readonly [service: string | undefined, check: string | undefined] {
  const space = new Space('dc1', { type: 'local' });
  for (const { origin, inc = 1, ...holds } of holders) {
    const stream = new Stream(origin, space);
    stream.inc = inc;
    const say = (ref: typeof service, hlc: number | undefined, row?: CatalogRow): void => {
      if (hlc !== undefined) space.say(stream, ref, ++stream.ver, { hlc, row }, 0);
    };
    say(service, holds.service, serviceRow('n', 's', { origin }));
    say(check, holds.check, checkRow('n', 'c', { origin, serviceId: 's' }));
    say(service, holds.serviceGone);
    say(check, holds.checkGone);
  }
  const isLive = (origin: string): boolean => !holders.some((holder) => holder.origin === origin && holder.isDead);
  const of = (key: string): string | undefined => winnerOf(space, key, isLive)?.stream.origin;
  return [of(refKey(service)), of(refKey(check))];
}

describe('of several holders of an identity', () => {
  test.each<readonly [string, readonly Holder[], string | undefined, string | undefined]>([
    ['the only one is shown', [{ origin: 'a', service: 1, check: 0 }], 'a', 'a'],
    [
      'the later registration is shown',
      [
        { origin: 'a', service: 2 },
        { origin: 'b', service: 1 },
      ],
      'a',
      undefined,
    ],
    [
      'a live one goes before a dead one',
      [
        { origin: 'a', service: 9, isDead: true },
        { origin: 'b', service: 1 },
      ],
      'b',
      undefined,
    ],
    [
      'of dead ones the later',
      [
        { origin: 'a', service: 9, isDead: true },
        { origin: 'b', service: 1, isDead: true },
      ],
      'a',
      undefined,
    ],
    [
      'of one moment the larger incarnation',
      [
        { origin: 'a', service: 1, inc: 2 },
        { origin: 'b', service: 1 },
      ],
      'a',
      undefined,
    ],
    [
      'of one incarnation the larger id',
      [
        { origin: 'a', service: 1 },
        { origin: 'b', service: 1 },
      ],
      'b',
      undefined,
    ],
    [
      'a check goes with its service',
      [
        { origin: 'a', service: 2, check: 0 },
        { origin: 'b', service: 1, check: 0 },
      ],
      'a',
      'a',
    ],
    [
      'a check of a service that lost is not shown',
      [
        { origin: 'a', service: 2 },
        { origin: 'b', service: 1, check: 0 },
      ],
      'a',
      undefined,
    ],
    [
      'a check alone goes after one with its service',
      [
        { origin: 'a', service: 2, check: 0 },
        { origin: 'b', check: 0 },
      ],
      'a',
      'a',
    ],
    [
      'but before one of a dead origin',
      [
        { origin: 'a', service: 2, check: 0, isDead: true },
        { origin: 'b', check: 0 },
      ],
      'a',
      'b',
    ],
    [
      'what was deleted later is not shown',
      [
        { origin: 'a', service: 2, check: 0 },
        { origin: 'b', serviceGone: 3, checkGone: 3 },
      ],
      undefined,
      undefined,
    ],
    [
      'what was registered again is',
      [
        { origin: 'a', service: 4, check: 0 },
        { origin: 'b', serviceGone: 3, checkGone: 3 },
      ],
      'a',
      'a',
    ],
    [
      'of one moment it is',
      [
        { origin: 'a', service: 3 },
        { origin: 'b', serviceGone: 3 },
      ],
      'a',
      undefined,
    ],
    [
      'a deletion holds though its origin is dead',
      [
        { origin: 'a', service: 2 },
        { origin: 'b', serviceGone: 3, isDead: true },
      ],
      undefined,
      undefined,
    ],
    [
      'a deletion lets the next one show',
      [
        { origin: 'a', service: 2 },
        { origin: 'b', serviceGone: 3 },
        { origin: 'c', service: 4, isDead: true },
      ],
      'c',
      undefined,
    ],
    [
      'an ordinary deletion hides nobody',
      [
        { origin: 'a', service: 2 },
        { origin: 'b', serviceGone: 0 },
      ],
      'a',
      undefined,
    ],
    [
      'checks of what was deleted are not shown',
      [
        { origin: 'a', service: 2, check: 0 },
        { origin: 'b', serviceGone: 3 },
      ],
      undefined,
      undefined,
    ],
  ])('%s', (_, holders, ofService, ofCheck) => {
    expect(winners(holders)).toEqual([ofService, ofCheck]);
    expect(winners(holders.toReversed())).toEqual([ofService, ofCheck]);
  });

  test('a check of a node goes with the node', () => {
    const space = new Space('dc1', { type: 'local' });
    for (const [origin, hlc] of [
      ['a', 2],
      ['b', 1],
    ] as const) {
      const stream = new Stream(origin, space);
      stream.inc = 1;
      for (const row of [nodeRow('N', { origin }), checkRow('N', 'c', { origin, serviceId: '' })]) {
        space.say(stream, refOf(row), ++stream.ver, { hlc: row.kind === 'node' ? hlc : 0, row }, 0);
      }
    }
    expect(winnerOf(space, refKey(refOf(checkRow('n', 'c'))), () => true)?.stream.origin).toBe('a');
  });
});
