import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import { refOf } from '../../model/index.js';
import { serviceRow } from '../../testing/catalog-world.js';
import { ExportFilter } from './export-filter.js';
import { inOneClass, piecesAfter } from './pieces.js';
import { Space } from './space.js';
import { Stream } from './stream.js';

function streamOf(count: number, text = ''): Stream {
  const space = new Space('dc1', { type: 'local' });
  const stream = new Stream('origin-1', space);
  stream.inc = 1;
  for (let at = 0; at < count; at++) {
    const row = serviceRow('n', `s${at}`, { service: at % 2 === 0 ? 'web' : 'db', socketPath: text });
    space.say(stream, refOf(row), ++stream.ver, { hlc: 1, row }, 0);
  }
  return stream;
}

describe('pieces of a stream', () => {
  test('follow on each other, without a gap, to its end', () => {
    const pieces = piecesAfter(streamOf(2_000), 100).map(({ message }) => message);
    expect(pieces.length).toBeGreaterThan(2);
    pieces.forEach((piece, at) => {
      expect(piece.prev).toBe(at === 0 ? 100 : pieces[at - 1]?.to);
      expect(piece.end).toBe(2_000);
    });
    expect(pieces.at(-1)?.to).toBe(2_000);
    expect(pieces.flatMap(({ records }) => records.map(({ ver }) => ver))).toEqual(
      Array.from({ length: 1_900 }, (_, at) => at + 101),
    );
  });

  test('are bounded in records and bytes, but for one record that is larger', () => {
    for (const { message } of piecesAfter(streamOf(3_000), 0))
      expect(message.records.length).toBeLessThanOrEqual(limits.deltaRecords);
    expect(piecesAfter(streamOf(10, 'x'.repeat(30_000)), 0).map(({ message }) => message.records.length)).toEqual([
      2, 2, 2, 2, 2,
    ]);
    expect(piecesAfter(streamOf(2, 'x'.repeat(100_000)), 0).map(({ message }) => message.records.length)).toEqual([
      1, 1,
    ]);
  });

  test('are no more than asked for', () => {
    expect(piecesAfter(streamOf(3_000), 0, { most: 2 })).toHaveLength(2);
  });

  test('of nothing new say where the stream stands', () => {
    expect(piecesAfter(streamOf(3), 3).map(({ message }) => [message.prev, message.to, message.records])).toEqual([
      [3, 3, []],
    ]);
  });

  test('leave out what a filter does not show, but no version', () => {
    const [piece] = piecesAfter(streamOf(6), 0, { filter: new ExportFilter(['db']) });
    expect(piece?.message).toMatchObject({ prev: 0, to: 6, end: 6 });
    expect(piece?.message.records.map(({ ver }) => ver)).toEqual([2, 4, 6]);
  });

  test('sent together are of one class, so that none overtakes another', () => {
    const stream = streamOf(1_200);
    for (const record of stream.after(0)) record.urgency = record.ver === 1_100 ? 'tombstone' : 'metadata';
    const pieces = inOneClass(piecesAfter(stream, 0));
    expect(pieces.length).toBeGreaterThan(1);
    expect(new Set(pieces.map(({ priority }) => priority))).toEqual(new Set(['tombstone']));
  });
});

describe('a filter on names', () => {
  test.each<readonly [readonly string[], string, boolean]>([
    [['web'], 'web', true],
    [['web'], 'WEB', true],
    [['web'], 'web2', false],
    [['api-*'], 'api-eu', true],
    [['API-*'], 'api-', true],
    [['api-*'], 'api', false],
    [['*'], 'anything', true],
    [[], 'web', false],
  ])('%j and %s: %s', (patterns, service, isShown) => {
    const space = new Space('dc1', { type: 'local' });
    const stream = new Stream('origin-1', space);
    const row = serviceRow('n', 'x', { service });
    const record = space.say(stream, refOf(row), 1, { hlc: 1, row }, 0);
    expect(new ExportFilter(patterns).shows(record)).toBe(isShown);
  });
});
