/** The head answers what the catalog will, for every read by identity, whatever is in flight. */
import { array, assert, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, Row, StateReader } from '../../model/index.js';
import { anyChangesOf, everyKind, names } from '../../testing/arbitrary-changes.js';
import { Catalog, Head } from '../index.js';

/** Without indexes, which a row in flight does not have. */
function bare(row: Row | undefined): unknown {
  return row && { ...row, createIndex: 0, modifyIndex: 0 };
}

function list(rows: Iterable<Row>): readonly unknown[] {
  return Array.from(rows, bare);
}

function set(rows: Iterable<Row>): ReadonlySet<unknown> {
  return new Set(list(rows));
}

function onNodes<T>(read: (node: string) => T): readonly T[] {
  return names.nodes.map(read);
}

function everythingIn(state: StateReader): unknown {
  return {
    nodes: [set(state.nodes()), onNodes((node) => bare(state.node(node)))],
    services: onNodes((node) => [set(state.servicesOf(node)), names.ids.map((id) => bare(state.service(node, id)))]),
    checks: onNodes((node) => [set(state.checksOf(node)), names.checks.map((id) => bare(state.check(node, id)))]),
    checksOfService: onNodes((node) => ['', ...names.ids].map((id) => set(state.checksOfService(node, id)))),
    localServices: [set(state.localServices()), names.ids.map((id) => bare(state.localService(id)))],
    localChecks: [set(state.localChecks()), names.checks.map((id) => bare(state.localCheck(id)))],
    keys: [names.keys.map((key) => bare(state.kv(key))), names.prefixes.map((prefix) => list(state.kvUnder(prefix)))],
    held: names.sessions.map((id) => set(state.keysHeldBy(id))),
    sessions: [set(state.sessions()), names.sessions.map((id) => bare(state.session(id)))],
    sessionsOf: onNodes((node) => set(state.sessionsOf(node))),
    queries: [set(state.queries()), bare(state.query('__proto__'))],
    events: list(state.events()),
    configs: [set(state.configs()), bare(state.config('kind', '__proto__'))],
  };
}

function commit(to: Catalog, changes: readonly Change[]): void {
  to.apply({ type: 'changes', index: to.index + 1, changes });
}

const anySets = (minLength: number) => array(anyChangesOf(everyKind), { minLength, maxLength: 5 });

test('the head shows what the catalog will, however many change sets are in flight', () => {
  assert(
    property(anySets(0), anySets(1), (past, flight) => {
      const catalog = new Catalog({ datacenter: 'dc1' });
      const finished = new Catalog({ datacenter: 'dc1' });
      for (const changes of past) for (const to of [catalog, finished]) commit(to, changes);

      const head = new Head(catalog);
      const releases = flight.map((changes) => {
        commit(finished, changes);
        const release = head.stage(changes);
        expect(everythingIn(head)).toEqual(everythingIn(finished));
        return release;
      });
      for (const [at, changes] of flight.entries()) {
        commit(catalog, changes);
        releases[at]?.();
        expect(everythingIn(head)).toEqual(everythingIn(finished));
      }
      // Released twice by mistake, nothing comes back and nothing is lost.
      for (const release of releases) release();
      expect([...head.nodes()]).toEqual([...catalog.nodes()]);
    }),
    { numRuns: 200 },
  );
});
