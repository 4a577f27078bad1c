import { expect, test } from 'vitest';
import { CatalogWorld } from '../testing/catalog-world.js';
import { FakeCluster, memberOf } from '../testing/fake-cluster.js';
import { contactWith } from './cluster-contact.js';

const cluster = new FakeCluster(new CatalogWorld().catalog);
cluster.known = [
  memberOf('a', { isSelf: true }),
  memberOf('b', { datacenter: 'near', state: 'dead', lastContactMs: 9_000 }),
  memberOf('c', { datacenter: 'near' }),
  memberOf('d', { datacenter: 'silent', state: 'suspect', lastContactMs: 7_000 }),
  memberOf('e', { datacenter: 'silent', state: 'dead', lastContactMs: 8_000 }),
];

test.each([
  ['dc1', { known: true, lastContactMs: 0 }],
  ['near', { known: true, lastContactMs: 0 }],
  ['silent', { known: false, lastContactMs: 7_000 }],
  ['never met', { known: false, lastContactMs: 0 }],
])('what is known of %s', (datacenter, contact) => {
  expect(contactWith(cluster, datacenter, 'dc1')).toEqual(contact);
});

test('of our own datacenter the cluster itself says it', () => {
  cluster.contacted = { known: false, lastContactMs: 12 };
  expect(contactWith(cluster, 'dc1', 'dc1')).toEqual({ known: false, lastContactMs: 12 });
});
