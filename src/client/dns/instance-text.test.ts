import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { catalogOf, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { questionBytes } from '../../../test/support/dns-ask.js';
import { createDnsServer, decodeMessage, dohContentType } from '../../dns/index.js';
import type { ResourceRecord } from '../../dns/index.js';
import { instanceText, metadataOf } from './instance-text.js';

function txt(...strings: string[]): Extract<ResourceRecord, { type: 'TXT' }> {
  return { name: 'x', class: 1, ttl: 0, type: 'TXT', strings: strings.map((one) => Buffer.from(one)) };
}

test.each([
  [['a=b'], { a: 'b' }],
  [['a=b=c', 'd='], { a: 'b=c', d: '' }],
  [['`=a=b'], { '=a': 'b' }],
  [['a``b=c``d'], { 'a`b': 'c`d' }],
  [['` a` =b'], { ' a ': 'b' }],
  [['no attribute', '=none', ''], {}],
  [['__proto__=x'], JSON.parse('{"__proto__":"x"}')],
])('%j is %j', (strings, metadata) => expect(metadataOf([txt(...strings)])).toEqual(metadata));

test('an attribute goes on after a full string', () => {
  const long = `a=${'x'.repeat(253)}`;
  expect(metadataOf([txt(long, 'yz', 'b=c')])).toEqual({ a: `${'x'.repeat(253)}yz`, b: 'c' });
  expect(metadataOf([txt(long, '', 'b=c')])).toEqual({ a: 'x'.repeat(253), b: 'c' });
});

test('what is not metadata is known by its place', () => {
  const text = instanceText(txt('id=web-1', 'node=n', 'id=other', 'srv=mine', 'srv=80 n.node.dc1.consul'));
  const metadata = { id: 'other', srv: 'mine' };
  expect(text).toEqual({ id: 'web-1', node: 'n', metadata, port: 80, target: 'n.node.dc1.consul' });
});

test.each([
  [['id=web-1', 'version=1', 'srv=80 n']],
  [['id=a', 'node=n']],
  [['id=a', 'node=n', 'srv=n 80']],
  [['id=a', 'srv=80 n']],
])('%j is a record of another kind', (strings) => expect(instanceText(txt(...strings))).toBeUndefined());

test('what our server publishes of an instance comes back the same', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((one) => !one.includes('\0'));
  const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, text, { maxKeys: 5 }), async (meta) => {
      const catalog = catalogOf([nodeRow('n', '10.0.0.1'), serviceRow('n', 'web-1', { service: 'web', meta })]);
      const server = createDnsServer({ catalog, queries: queriesOver(catalog, {}) });
      const question = questionBytes('TXT web.instance.consul', { edns: 4096 });
      const { body } = await server.doh('POST', dohContentType, question, '127.0.0.1');
      const [record] = decodeMessage(body).answers;
      await server.close();
      expect(record?.type === 'TXT' && instanceText(record)).toEqual({
        id: 'web-1',
        node: 'n',
        metadata: meta,
        port: 80,
        target: 'n.node.dc1.consul',
      });
    }),
    { numRuns: 100 },
  );
});
