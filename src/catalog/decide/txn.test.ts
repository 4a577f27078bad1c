import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDiscoveryError, limits } from '../../model/index.js';
import type { TxnOperation, TxnOutcome } from '../../model/index.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow, sessionRow } from '../../testing/catalog-world.js';
import { decideTxn, outcomeAt } from './txn.js';

const S1 = '11111111-1111-4111-8111-111111111111';
const NODE_ID = '33333333-3333-4333-8333-333333333333';

class Database extends CatalogWorld {
  readonly delayed = new Set<string>();

  run(...operations: TxnOperation[]): TxnOutcome {
    const context = { datacenter: 'dc1', origin: 'me', lockDelayed: (key: string) => this.delayed.has(key) };
    const { result, changes } = decideTxn(this.head, operations, context);
    return outcomeAt(result, this.commit(changes));
  }

  /** Errors as "index: text"; "ok" and the rows' names otherwise. */
  say(...operations: TxnOperation[]): readonly string[] {
    const outcome = this.run(...operations);
    if (!outcome.ok) return outcome.errors.map(({ opIndex, what }) => `${opIndex}: ${what}`);
    return outcome.results.map((result) =>
      result.type === 'kv' ? `${result.row.key}=${result.withValue ? result.row.value : '-'}` : result.type,
    );
  }
}

function kv(Verb: string, Key: string, more: object = {}): TxnOperation {
  return { KV: { Verb, Key, ...more } };
}

function database(): Database {
  const it = new Database([nodeRow('n1'), sessionRow(S1)]);
  it.run(kv('set', 'a', { Value: 'QQ==', Flags: 7 }));
  return it;
}

describe('a transaction on keys', () => {
  it('gives results in order: values for reads, echoes for writes, nothing for deletions', () => {
    const it = database();
    expect(
      it.say(
        kv('set', 'b', { Value: 'Qg==' }),
        kv('get', 'a'),
        kv('check-not-exists', 'c'),
        kv('get-or-empty', 'c'),
        kv('get-tree', 'b'),
        kv('delete', 'a'),
        kv('delete', 'none'),
        kv('lock', 'l', { Session: S1 }),
        kv('check-session', 'l', { Session: S1 }),
        kv('unlock', 'l', { Session: S1 }),
        kv('delete-tree', ''),
      ),
    ).toEqual(['b=-', 'a=QQ==', 'c=', 'b=Qg==', 'l=-', 'l=-', 'l=-']);
    expect([...it.catalog.kvUnder('')]).toEqual([]);
  });

  it('shares one index among all it writes, old rows keeping theirs', () => {
    const it = database();
    const before = it.index;
    const outcome = it.run(
      kv('set', 'b'),
      kv('set', 'a', { Value: 'QQ==', Flags: 7 }),
      kv('set', 'a', { Value: 'WA==' }),
    );
    expect(outcome.ok && outcome.results.map(({ row }) => [row.createIndex, row.modifyIndex])).toEqual([
      [before + 1, before + 1],
      [before, before],
      [before, before + 1],
    ]);
    expect(it.catalog.kv('a')).toMatchObject({ createIndex: before, modifyIndex: before + 1, value: 'WA==' });
  });

  it('that fails changes nothing and names every failure', () => {
    const it = database();
    const { index } = it;
    expect(
      it.say(
        kv('set', 'x'),
        kv('get', 'none'),
        kv('cas', 'a', { Index: 1 }),
        kv('check-not-exists', 'a'),
        kv('check-index', 'none', { Index: 1 }),
        kv('check-index', 'a', { Index: 1 }),
        kv('check-session', 'a', { Session: 'x' }),
        kv('check-session', 'none'),
        kv('delete-cas', 'a', { Index: 1 }),
        kv('unlock', 'a', { Session: S1 }),
        kv('lock', 'a'),
        kv('poke', 'a'),
      ),
    ).toEqual([
      '1: key "none" doesn\'t exist',
      '2: failed to set key "a", index is stale',
      '3: key "a" exists',
      '4: failed to check index, key "none" doesn\'t exist',
      `5: failed index check for key "a", current modify index ${index} != 1`,
      '6: failed session check for key "a", current session "" != "x"',
      '7: failed to check session, key "none" doesn\'t exist',
      '8: failed to delete key "a", index is stale',
      '9: failed to unlock key "a", lock isn\'t held, or is held by another session',
      '10: missing session',
      '11: unknown KV verb "poke"',
    ]);
    expect(it.index).toBe(index);
    expect(it.catalog.kv('x')).toBeUndefined();
  });

  it('is refused before it runs for a missing key and a lock delay', () => {
    const it = database();
    it.delayed.add('a');
    expect(it.say(kv('set', ''), kv('lock', 'a', { Session: S1 }), kv('get', 'none'))).toEqual([
      '0: Must provide key',
      '1: failed to lock key "a" due to lock delay',
    ]);
    expect(it.say(kv('delete-tree', ''))).toEqual([]);
  });

  it('takes a lock only once', () => {
    const it = new Database([nodeRow('n1'), sessionRow(S1), sessionRow(NODE_ID)]);
    expect(it.say(kv('lock', 'l', { Session: S1 }), kv('lock', 'l', { Session: NODE_ID }))).toEqual([
      '1: failed to lock key "l", lock is already held',
    ]);
  });

  it('compares with what clients saw: a row it wrote itself is at no index', () => {
    const it = database();
    expect(it.say(kv('set', 'n'), kv('check-index', 'n', { Index: 0 }))).toHaveLength(1);
    expect(it.say(kv('set', 'n'), kv('cas', 'n', { Index: 0 }))).toEqual(['1: failed to set key "n", index is stale']);
    expect(it.say(kv('cas', 'a', { Index: it.catalog.kv('a')?.modifyIndex }))).toEqual(['a=-']);
  });

  it('keeps keys as bytes and names them as text', () => {
    const it = database();
    expect(it.say(kv('get', 'grüße'))).toEqual(['0: key "grüße" doesn\'t exist']);
    it.run(kv('set', 'grüße'));
    expect(it.catalog.kv(Buffer.from('grüße').toString('latin1'))).toBeDefined();
  });

  it('may be empty, but not too long', () => {
    const it = database();
    expect(it.say()).toEqual([]);
    expect(it.say({})).toEqual([]);
    const many = Array.from({ length: limits.txnOperations + 1 }, () => kv('get', 'a'));
    expect(() => it.run(...many)).toThrow('Transaction contains too many operations (129 > 128)');
  });
});

describe('a transaction on the catalog', () => {
  it('writes a node, its service and their check, and reads them back', () => {
    const it = new Database();
    const outcome = it.run(
      { Node: { Verb: 'set', Node: { Node: 'n', Address: '10.0.0.1' } } },
      { Service: { Verb: 'set', Node: 'n', Service: { ID: 's1', Service: 's', Tags: ['t'], Port: 13 } } },
      { Check: { Verb: 'set', Check: { Node: 'n', CheckID: 'c', Name: 'c', ServiceID: 's1' } } },
      { Check: { Verb: 'get', Check: { Node: 'n', CheckID: 'c' } } },
    );
    const check = { checkId: 'c', status: 'critical', serviceName: 's', serviceTags: ['t'], modifyIndex: it.index };
    expect(outcome).toMatchObject({
      ok: true,
      results: [
        { type: 'node', row: { node: 'n', modifyIndex: it.index, origin: 'me' } },
        { type: 'service', row: { id: 's1', port: 13 } },
        { type: 'check', row: check },
        { type: 'check', row: check },
      ],
    });
    expect(it.catalog.serviceView('s').instances[0]?.checks).toHaveLength(1);
  });

  it('removes a node with all it has, a service with its checks', () => {
    const it = new Database([
      nodeRow('n1'),
      serviceRow('n1', 'web'),
      serviceRow('n1', 'db'),
      checkRow('n1', 'c1', { serviceId: 'web' }),
      checkRow('n1', 'c2'),
      sessionRow(S1, { nodeChecks: ['c2'] }),
    ]);
    expect(it.say({ Service: { Verb: 'delete', Node: 'n1', Service: { ID: 'web', Service: 'web' } } })).toEqual([]);
    expect(Array.from(it.catalog.checksOf('n1'), ({ checkId }) => checkId)).toEqual(['c2']);
    expect(it.say({ Node: { Verb: 'delete', Node: { Node: 'N1' } } })).toEqual([]);
    expect(it.catalog.counts()).toMatchObject({ nodes: 0, instances: 0, checks: 0, sessions: 0 });
  });

  it('ends the sessions of a check that turns critical or goes', () => {
    for (const operation of [
      { Check: { Verb: 'set', Check: { Node: 'n1', CheckID: 'c', Status: 'critical' } } },
      { Check: { Verb: 'delete', Check: { Node: 'n1', CheckID: 'c' } } },
    ]) {
      const it = new Database([nodeRow('n1'), checkRow('n1', 'c'), sessionRow(S1, { nodeChecks: ['c'] })]);
      it.run(operation);
      expect(it.catalog.session(S1)).toBeUndefined();
    }
  });

  it('that repeats what is there moves no index', () => {
    const it = new Database([nodeRow('n1'), serviceRow('n1', 'web'), checkRow('n1', 'c')]);
    const { index } = it;
    const outcome = it.run(
      { Node: { Verb: 'set', Node: { Node: 'n1', Address: '10.0.0.1' } } },
      { Service: { Verb: 'set', Node: 'n1', Service: { Service: 'web' } } },
      { Check: { Verb: 'set', Check: { Node: 'n1', CheckID: 'c', Name: 'c', Status: 'passing' } } },
    );
    expect(outcome.ok).toBe(true);
    expect(it.index).toBe(index);
  });

  it('renames a node by its id, unless the name is a living member’s', () => {
    const rows = [nodeRow('old', { id: NODE_ID }), serviceRow('old', 'web'), nodeRow('taken', { id: S1 })];
    const it = new Database(rows);
    const rename = (Node: string) =>
      it.say({ Node: { Verb: 'set', Node: { ID: NODE_ID, Node, Address: '10.0.0.1' } } });
    expect(rename('new')).toEqual(['node']);
    expect(it.catalog.node('old')).toBeUndefined();
    expect(it.catalog.hasService('web')).toBe(false);
    it.put(checkRow('taken', 'serfHealth'));
    expect(rename('taken')).toEqual([
      `0: Error while renaming Node ID: "${NODE_ID}" (10.0.0.1): Node name taken is reserved by node ${S1} with name taken (10.0.0.1)`,
    ]);
    it.put(checkRow('taken', 'serfHealth', { status: 'critical' }));
    expect(rename('taken')).toEqual(['node']);
  });

  it.each<[TxnOperation, string]>([
    [{ Node: { Verb: 'get', Node: { Node: 'x' } } }, 'node "x" doesn\'t exist'],
    [{ Node: { Verb: 'cas', Node: { Node: 'n1', ModifyIndex: 1 } } }, 'failed to set node "n1", index is stale'],
    [{ Node: { Verb: 'cas', Node: { Node: 'n1' } } }, 'failed to set node "n1", index is stale'],
    [{ Node: { Verb: 'delete-cas', Node: { Node: 'x' } } }, 'failed to delete node "x", index is stale'],
    [{ Node: { Verb: 'poke', Node: { Node: 'x' } } }, 'unknown Node verb "poke"'],
    [{ Node: { Verb: 'set', Node: { Address: '1.1.1.1' } } }, 'Must provide node'],
    [{ Node: { Verb: 'set', Node: { Node: 'x', ID: 'y' } } }, 'Bad node ID: uuid string is wrong length'],
    [{ Service: { Verb: 'get', Node: 'n1', Service: { ID: 'x' } } }, 'service "x" on node "n1" doesn\'t exist'],
    [{ Service: { Verb: 'set', Node: 'x', Service: { Service: 's' } } }, 'Missing node registration'],
    [
      { Service: { Verb: 'set', Node: 'n1', Service: { Service: 's', Meta: { 'a b': '' } } } },
      "Invalid Service Meta for node n1 and serviceID s: Couldn't load metadata pair ('a b', ''): Key contains invalid characters",
    ],
    [
      { Service: { Verb: 'cas', Node: 'n1', Service: { Service: 'web', ModifyIndex: 3 } } },
      'failed to set service "web" on node "n1", index is stale',
    ],
    [
      { Service: { Verb: 'delete', Node: 'n1', Service: { ID: 'web' } } },
      'Must provide service name (Service.Service) when service ID is provided',
    ],
    [{ Service: { Verb: 'set', Node: 'n1', Service: { Service: 's', Address: '::' } } }, 'Invalid service address'],
    [{ Service: { Verb: 'poke', Node: 'n1' } }, 'unknown Service verb "poke"'],
    [{ Check: { Verb: 'get', Check: { Node: 'n1', CheckID: 'x' } } }, 'check "x" on node "n1" doesn\'t exist'],
    [{ Check: { Verb: 'set', Check: { Node: 'x', CheckID: 'c' } } }, 'Missing node registration'],
    [{ Check: { Verb: 'set', Check: { Node: 'n1', CheckID: 'c', ServiceID: 'x' } } }, 'Missing service registration'],
    [
      { Check: { Verb: 'delete-cas', Check: { Node: 'n1', CheckID: 'x' } } },
      'failed to delete check "x" on node "n1", index is stale',
    ],
    [{ Check: { Verb: '' } }, 'unknown Check verb ""'],
  ])('%j is refused: %s', (operation, message) => {
    const it = new Database([nodeRow('n1'), serviceRow('n1', 'web')]);
    expect(it.say(operation)).toEqual([`0: ${message}`]);
  });
});

it('any transaction is all or nothing, throws nothing unforeseen, and echoes what is then there', () => {
  const name = fc.constantFrom('n1', 'n2', 'web', '', '__proto__');
  const verb = fc.constantFrom(
    ...'set cas get delete delete-cas lock unlock get-tree check-index delete-tree ?'.split(' '),
  );
  const operation: fc.Arbitrary<TxnOperation> = fc.oneof(
    fc.record({ KV: fc.record({ Verb: verb, Key: name, Index: fc.nat(20), Session: fc.constantFrom(S1, '', 'x') }) }),
    fc.record({ Node: fc.record({ Verb: verb, Node: fc.record({ Node: name, ID: fc.constantFrom('', NODE_ID) }) }) }),
    fc.record({ Service: fc.record({ Verb: verb, Node: name, Service: fc.record({ ID: name, Service: name }) }) }),
    fc.record({
      Check: fc.record({ Verb: verb, Check: fc.record({ Node: name, CheckID: name, ServiceID: name, Status: name }) }),
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(operation, { maxLength: 5 }), { maxLength: 6 }), (transactions) => {
      const it = new Database([
        nodeRow('n1', { id: NODE_ID }),
        checkRow('n1', 'web'),
        sessionRow(S1, { nodeChecks: ['web'] }),
      ]);
      for (const operations of transactions) {
        const before = it.index;
        try {
          const outcome = it.run(...operations);
          if (!outcome.ok) expect(it.index).toBe(before);
          else for (const { row } of outcome.results) expect(row.modifyIndex).toBeLessThanOrEqual(it.index);
        } catch (error) {
          expect(isDiscoveryError(error)).toBe(true);
        }
      }
    }),
  );
});
