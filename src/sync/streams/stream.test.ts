import { array, assert, boolean, constantFrom, nat, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServiceRow } from '../../model/index.js';
import { refOf } from '../../model/index.js';
import { serviceRow } from '../../testing/catalog-world.js';
import { contentOf } from './content.js';
import { ExportFilter } from './export-filter.js';
import { Space } from './space.js';
import { Stream } from './stream.js';

const ids = ['a', 'b', 'c', 'd', 'e'];
const anyEvent = record({
  id: constantFrom(...ids),
  isGone: boolean(),
  port: nat(2),
  service: constantFrom('web', 'db'),
});
const filter = new ExportFilter(['web']);

interface Said {
  readonly ver: number;
  readonly row: ServiceRow | undefined;
}

/** A stream beside what it must be: the last word on each identity. */
function world() {
  const space = new Space('dc1', { type: 'local' });
  const stream = new Stream('origin-1', space);
  const model = new Map<string, Said>();
  const say = ({ id, isGone, port, service }: { id: string; isGone: boolean; port: number; service: string }): void => {
    const ref = refOf(serviceRow('n', id));
    if (isGone && !model.has(id)) return;
    const row = isGone ? undefined : serviceRow('n', id, { port, service });
    space.say(stream, ref, ++stream.ver, { hlc: 0, row }, 1);
    model.delete(id);
    model.set(id, { ver: stream.ver, row });
  };
  return { space, stream, model, say };
}

function hashOfAll(rows: Iterable<ServiceRow | undefined>): readonly [number, number] {
  let [a, b] = [0, 0];
  for (const row of rows) {
    if (!row) continue;
    const { hash0, hash1 } = contentOf(refOf(row), 0, row);
    a ^= hash0;
    b ^= hash1;
  }
  return [a >>> 0, b >>> 0];
}

describe('a stream', () => {
  test('keeps the last word on each identity, in the order of versions, from any version on', () => {
    assert(
      property(array(anyEvent), nat(30), (events, from) => {
        const { stream, model, say } = world();
        events.forEach(say);
        const expected = [...model].filter(([, { ver }]) => ver > from).map(([id, { ver }]) => [id, ver]);
        for (let time = 0; time < 2; time++) {
          expect(Array.from(stream.after(from), ({ ref, ver }) => [ref.id, ver])).toEqual(expected);
        }
      }),
    );
  });

  test('goes on from where a walk in pieces ended, whatever was said meanwhile', () => {
    assert(
      property(array(anyEvent, { minLength: 1 }), array(anyEvent, { maxLength: 3 }), nat(4), (events, more, size) => {
        const { stream, model, say } = world();
        events.forEach(say);
        let ver = 0;
        let taken = 0;
        for (const one of stream.after(0)) {
          if (taken++ > size) break;
          ver = one.ver;
        }
        more.forEach(say);
        const expected = [...model].filter(([, said]) => said.ver > ver).map(([id]) => id);
        expect(Array.from(stream.after(ver), ({ ref }) => ref.id)).toEqual(expected);
      }),
    );
  });

  test('has the hash of its rows, in full and as a filter shows them, counted early or late', () => {
    assert(
      property(array(anyEvent), nat(20), (events, at) => {
        const { stream, model, say } = world();
        events.slice(0, at).forEach(say);
        stream.hashFor(filter);
        events.slice(at).forEach(say);
        const rows = Array.from(model.values(), ({ row }) => row);
        expect(stream.hashFor(undefined)).toEqual(hashOfAll(rows));
        expect(stream.hashFor(filter)).toEqual(hashOfAll(rows.filter((row) => row?.service === 'web')));
        expect(stream.rows).toBe(rows.filter((row) => row).length);
        expect(stream.records).toBe(rows.length);
        expect(stream.tombstones.size).toBe(rows.length - stream.rows);
      }),
    );
  });

  test('counts nothing of what is removed', () => {
    const { stream, space, say } = world();
    for (const id of ids) say({ id, isGone: false, port: 1, service: 'web' });
    Array.from(stream.after(0)).forEach((held) => space.remove(held));
    expect(stream).toMatchObject({ records: 0, rows: 0, contents: 0, hash0: 0, hash1: 0, oldest: undefined });
    expect(space.first('service\u0000n\u0000a')).toBeUndefined();
  });

  test('begins an incarnation with versions from 1, and knows what it began with', () => {
    const { stream, say } = world();
    for (const id of [...ids, 'b']) say({ id, isGone: false, port: 1, service: id === 'a' ? 'db' : 'web' });
    stream.begin(7);
    expect(Array.from(stream.after(0), ({ ver }) => ver)).toEqual([1, 2, 3, 4, 5]);
    expect(stream.position).toEqual({ inc: 7, ver: 5 });
    expect(stream.baseFor(undefined)).toEqual({ ver: 5, hash: stream.hashFor(undefined) });
    expect(stream.baseFor(filter)).toEqual({ ver: 5, hash: stream.hashFor(filter) });
    const before = stream.baseFor(filter);
    say({ id: 'c', isGone: true, port: 1, service: 'web' });
    expect([stream.baseFor(filter), stream.base.ver]).toEqual([before, 5]);
    // Somebody new asks later: what it began with can no longer be told.
    expect(stream.baseFor(new ExportFilter(['db']))).toEqual({ ver: 0, hash: [0, 0] });
  });
});
