import { expect, test } from 'vitest';
import { mergeLayers } from './merge.js';
import { printedValues } from './print.js';

test('every value is shown with its source, also where keys hold dots', () => {
  const merged = mergeLayers([
    { source: 'default', config: { ports: { http: 8500 }, datacenter: 'dc1' } },
    {
      source: 'a.json',
      config: { datacenter: 'x', dns_config: { service_ttl: { 'a.b': '5s' } }, recursors: ['1.1.1.1'] },
    },
    { source: 'b.json', config: { recursors: ['9.9.9.9'] } },
  ]);
  expect(printedValues(merged)).toEqual([
    { key: 'datacenter', value: 'x', source: 'a.json' },
    { key: 'dns_config.service_ttl.a.b', value: '5s', source: 'a.json' },
    { key: 'ports.http', value: 8500, source: 'default' },
    { key: 'recursors', value: ['1.1.1.1', '9.9.9.9'], source: 'a.json, b.json' },
  ]);
});

test('credentials in definitions are hidden', () => {
  const service = {
    name: 'a',
    Token: 's3cret',
    check: { http: 'http://x/', header: { Authorization: ['Bearer s3cret'] }, Body: 's3cret' },
  };
  const printed = JSON.stringify(printedValues(mergeLayers([{ source: 'a.json', config: { services: [service] } }])));
  expect(printed).not.toContain('s3cret');
  expect(printed).toContain('(hidden)');
});
