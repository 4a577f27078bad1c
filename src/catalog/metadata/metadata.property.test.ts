import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDiscoveryError } from '../../model/index.js';
import type { InstanceView, Row } from '../../model/index.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../../testing/catalog-world.js';
import { MetadataManager } from './metadata-manager.js';
import type { MetadataQuery } from './query.js';

/** A search three ways: as data, as text, and as a plain function over an instance, written beside them. */
interface Case {
  readonly query: MetadataQuery;
  readonly text: string;
  readonly naive: (instance: InstanceView) => boolean;
}

const value = fc.constantFrom('a', 'b', 'A', '1', '2', '10', '1.2.0', '2.0.0-rc.1', '');
const metaKey = fc.constantFrom('version', 'team', 'weight', '__proto__');

function metaOf(instance: InstanceView, key: string): string | undefined {
  return Object.entries(instance.service.meta ?? {}).find(([name]) => name === key)?.[1];
}

function selector(key: string): string {
  return `meta["${key}"]`;
}

const metaEquals = fc.tuple(metaKey, value).map(([key, wanted]): Case => ({
  query: { field: `meta.${key}`, equals: wanted },
  text: `${selector(key)} == "${wanted}"`,
  naive: (instance) => metaOf(instance, key) === wanted,
}));
const metaExists = metaKey.map((key): Case => ({
  query: { field: `meta.${key}`, exists: true },
  text: `"${key}" in meta`,
  naive: (instance) => metaOf(instance, key) !== undefined,
}));
const metaAbove = fc.tuple(metaKey, fc.constantFrom(0, 1.5, 5)).map(([key, bound]): Case => ({
  query: { field: `meta.${key}`, range: { gt: bound } },
  text: `${selector(key)} > ${bound}`,
  naive: (instance) => (metaOf(instance, key) ?? '') !== '' && Number(metaOf(instance, key)) > bound,
}));
const versionAtLeast2 = fc.constant<Case>({
  query: { field: 'version', semver: '>=2.0.0-0' },
  text: 'version == semver(">=2.0.0-0")',
  naive: (instance) => metaOf(instance, 'version') === '2.0.0-rc.1',
});
const service = fc.constantFrom('web', 'WEB', 'db', 'none').map((name): Case => ({
  query: { field: 'service', equals: name },
  text: `service == ${name}`,
  naive: (instance) => instance.service.service.toLowerCase() === name.toLowerCase(),
}));
const tag = value.map((wanted): Case => ({
  query: { field: 'tag', equals: wanted },
  text: `"${wanted}" in tags`,
  naive: ({ service: { tags } }) => tags.some((one) => one.toLowerCase() === wanted.toLowerCase()),
}));
const health = fc.constantFrom('passing', 'critical').map((status): Case => ({
  query: { field: 'health', equals: status },
  text: `health == ${status}`,
  naive: (instance) => instance.status === status,
}));

const { search } = fc.letrec<{ search: Case }>((tie) => ({
  search: fc.oneof(
    { maxDepth: 3 },
    metaEquals,
    metaExists,
    metaAbove,
    versionAtLeast2,
    service,
    tag,
    health,
    tie('search').map((of): Case => ({
      query: { not: of.query },
      text: `not (${of.text})`,
      naive: (one) => !of.naive(one),
    })),
    fc.tuple(fc.boolean(), fc.array(tie('search'), { minLength: 2, maxLength: 3 })).map(([all, of]): Case => {
      const queries = of.map(({ query }) => query);
      return {
        query: all ? { and: queries } : { or: queries },
        text: of.map(({ text }) => `(${text})`).join(all ? ' and ' : ' or '),
        naive: (one) => (all ? !of.some((part) => !part.naive(one)) : of.some((part) => part.naive(one))),
      };
    }),
  ),
}));

const node = fc.constantFrom('n1', 'n2');
const instance = fc
  .record({
    node,
    id: fc.constantFrom('i1', 'i2', 'i3', 'i4'),
    service: fc.constantFrom('web', 'Web', 'db'),
    tags: fc.array(value, { maxLength: 2 }),
    meta: fc.option(fc.dictionary(metaKey, value)),
  })
  .map(({ node, id, service, tags, meta }): Row => serviceRow(node, id, { service, tags, meta }));
const check = fc
  .record({ node, status: fc.constantFrom('passing', 'critical'), serviceId: fc.constantFrom('', 'i1', 'i2') })
  .map(({ node, status, serviceId }): Row => checkRow(node, `c${serviceId}`, { status, serviceId }));
const step = fc.oneof(
  fc.oneof(instance, check).map((row) => ({ row })),
  fc.record({ remove: fc.tuple(fc.constantFrom('i1', 'i2', 'i3'), node) }),
);

function everyInstance({ catalog }: CatalogWorld): InstanceView[] {
  return [...catalog.serviceNames()].flatMap((name) => catalog.serviceView(name).instances);
}

function idsOf(instances: readonly InstanceView[]): string[] {
  return instances.map(({ node, service }) => `${node.node}/${service.id}`).sort();
}

describe('a search', () => {
  it('by data and by text finds what a scan finds, before and after changes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ steps: fc.array(step, { maxLength: 5 }), searches: fc.array(search, { maxLength: 3 }) }), {
          maxLength: 4,
        }),
        (rounds) => {
          const at = new CatalogWorld([nodeRow('n1'), nodeRow('n2')]);
          const manager = new MetadataManager(at.catalog);
          for (const { steps, searches } of rounds) {
            for (const one of steps) {
              if ('row' in one) at.put(one.row);
              else at.remove('service', ...one.remove);
            }
            for (const { query, text, naive } of searches) {
              const expected = idsOf(everyInstance(at).filter(naive));
              expect(idsOf(manager.findInstances(query))).toEqual(expected);
              expect(idsOf(manager.findInstances(text)), text).toEqual(expected);
              expect(manager.explain(query).results).toBe(expected.length);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of any text answers or is INVALID_ARGUMENT', () => {
    const at = new CatalogWorld([nodeRow('n1'), serviceRow('n1', 'i1', { meta: { team: 'a' } })]);
    const manager = new MetadataManager(at.catalog);
    const words = 'tag tags meta meta.team version service port health Node.Node Checks.Status in not and or is empty'
      .concat(' contains matches == != < <= > >= ( ) "a" "(" 1 -1.5 semver("^1") semver("x") semver( [ "')
      .split(' ');
    const text = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(text, (search) => {
        try {
          expect(manager.findInstances(search).length).toBeLessThanOrEqual(1);
        } catch (error) {
          if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
