import { assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import type { CatalogRow } from '../../model/index.js';
import { anyMessageOf } from '../../testing/arbitrary-messages.js';
import { checkRow, nodeRow, serviceRow } from '../../testing/catalog-world.js';
import { meshOf } from '../../testing/sync-mesh/meshes.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import type { DeltaMessage, Message, SyncRecord } from '../messages.js';

const types = ['summary', 'digest', 'pull', 'delta', 'conflict'] as const;

function tell(agent: MeshAgent, message: Message): void {
  agent.take({ type: 'message', from: 'b', message });
}

function refused(agent: MeshAgent): number {
  return agent.streams.report(0).counters.refusedMessages ?? 0;
}

/** What b could say next of its own stream, with one record. */
function delta(
  b: MeshAgent,
  row: CatalogRow,
  fields: Partial<DeltaMessage> = {},
  record: Partial<SyncRecord> = {},
): DeltaMessage {
  const { inc, ver } = b.streams.position('b');
  const ref =
    row.kind === 'node'
      ? { kind: 'node', node: row.node, id: '' }
      : row.kind === 'service'
        ? { kind: 'service', node: row.node, id: row.id }
        : { kind: 'check', node: row.node, id: row.checkId };
  const said: SyncRecord = { ref: ref as SyncRecord['ref'], ver: ver + 1, hlc: row.hlc ?? 0, row, ...record };
  return {
    type: 'delta',
    stream: 'b',
    inc,
    prev: ver,
    to: ver + 1,
    end: ver + 1,
    gc: 0,
    index: 0,
    records: [said],
    ...fields,
  };
}

const OWNED = { origin: 'b', datacenter: 'dc1' } as const;
const service = serviceRow('n', 'x', { ...OWNED, hlc: 7 });

describe('a peer', () => {
  test('is believed what it may say', () => {
    const [a, b] = meshOf(['a', 'b']).agents;
    tell(a, delta(b, service));
    expect(a.local.row('service\u0000n\u0000x')).toMatchObject({ origin: 'b', hlc: 7 });
    expect(refused(a)).toBe(0);
  });

  test.each<readonly [string, (b: MeshAgent) => DeltaMessage]>([
    ['a row of another origin', (b) => delta(b, { ...service, origin: 'a' })],
    ['a row of another datacenter', (b) => delta(b, { ...service, datacenter: 'dc2' })],
    ['a row under another identity', (b) => delta(b, service, {}, { ref: { kind: 'service', node: 'n', id: 'y' } })],
    ['a row with another time than its record', (b) => delta(b, service, {}, { hlc: 8 })],
    [
      'a kind that no catalog has',
      (b) => delta(b, service, {}, { ref: { kind: 'kv', node: '', id: 'k' }, row: undefined } as never),
    ],
    ['a node name with NUL', (b) => delta(b, nodeRow('n\u0000m', OWNED))],
    ['an id that no store can hold', (b) => delta(b, checkRow('n', 'half \ud800', OWNED))],
    ['a stream of nobody', (b) => delta(b, service, { stream: 'nobody' })],
    ['a stream of state, being no home', (b) => delta(b, service, { stream: 'b/state' })],
    ['versions that go back', (b) => delta(b, service, { prev: 9, to: 8, end: 8 })],
    ['an end before the end', (b) => delta(b, service, { end: 1 })],
    ['a record beyond its delta', (b) => delta(b, service, {}, { ver: 99 })],
    ['an incarnation of nowhere', (b) => delta(b, service, { inc: limits.incarnation + 1 })],
    ['deletions forgotten beyond the end', (b) => delta(b, service, { gc: 99 })],
    [
      'the same identity twice',
      (b) => ({
        ...delta(b, service, { to: 99, end: 99 }),
        records: [3, 4].map((ver) => ({ ref: { kind: 'service', node: 'n', id: 'x' } as const, ver, hlc: 0 })),
      }),
    ],
  ])('is not believed %s, which is counted', (_, message) => {
    const [a, b] = meshOf(['a', 'b']).agents;
    const before = [...a.local.shown()];
    tell(a, message(b));
    expect([...a.local.shown()]).toEqual(before);
    expect(refused(a)).toBe(1);
  });

  test('cannot say anything of the one it speaks to', () => {
    const [a, b] = meshOf(['a', 'b']).agents;
    const before = [a.streams.position('a'), [...a.local.shown()]];
    const { inc, ver } = a.streams.position('a');
    const forged = { ...service, origin: 'a' };
    tell(a, { ...delta(b, forged, { stream: 'a', inc, prev: ver, to: ver + 1, end: ver + 1 }, { ver: ver + 1 }) });
    expect([a.streams.position('a'), [...a.local.shown()]]).toEqual(before);
  });

  test('that is not connected is not heard', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    mesh.cut(a, b);
    tell(a, delta(b, service));
    expect(a.local.row('service\u0000n\u0000x')).toBeUndefined();
    expect(refused(a)).toBe(1);
  });

  test('cannot make anybody speak for ever: answers end', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    const entry = {
      stream: 'b',
      ...b.streams.position('b'),
      hash: [1, 2],
      base: { ver: 0, hash: [0, 0] },
      firsthand: true,
    } as const;
    tell(a, { type: 'digest', entries: [entry], answer: true });
    mesh.sent.length = 0;
    mesh.deliver();
    expect(mesh.sent.length).toBeLessThan(10);
  });

  test('is sent a bounded answer, however much it asks for', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a] = agents;
    for (let at = 0; at < 3_000; at++) a.register(`s${at}`);
    mesh.sent.length = 0;
    const want = { stream: 'a', inc: 0, ver: 0, staged: false };
    tell(a, { type: 'pull', wants: Array.from({ length: 1_000 }, () => want) });
    const records = mesh.sent.flatMap(({ message }) => (message.type === 'delta' ? message.records : []));
    expect(mesh.sent.length).toBeLessThanOrEqual(limits.pullAnswerBytes / limits.deltaBytes + limits.deltaWindow);
    expect(records.length).toBeGreaterThan(0);
  });

  test('never breaks a step, whatever it says and in whatever order', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b] = agents;
    a.register('web');
    mesh.run(500);
    const own = a.streams.position('a');
    assert(
      property(
        constantFrom(...types).chain(anyMessageOf),
        constantFrom('a', 'b', 'c', 'a/state', ''),
        (message, stream) => {
          const told = stream === '' ? message : aimed(message, stream);
          expect(() => tell(a, told)).not.toThrow();
          a.take({ type: 'tick', lagMs: 0 });
        },
      ),
      { numRuns: 300 },
    );
    expect(a.streams.position('a').inc).toBeGreaterThanOrEqual(own.inc);
    mesh.cut(a, b);
    mesh.connectAll();
    mesh.run(30_000);
    expect([...a.local.shown().keys()]).toContain('service\u0000node-a\u0000web');
  });
});

/** At a stream that there is. */
function aimed(message: Message, stream: string): Message {
  if (message.type === 'delta') return { ...message, stream };
  if (message.type === 'digest') return { ...message, entries: message.entries.map((entry) => ({ ...entry, stream })) };
  if (message.type === 'pull') return { ...message, wants: message.wants.map((want) => ({ ...want, stream })) };
  return message;
}
