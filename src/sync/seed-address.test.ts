import { expect, test } from 'vitest';
import { parseSeed } from './seed-address.js';

test.each([
  ['10.0.0.1', { host: '10.0.0.1', port: undefined }],
  ['10.0.0.1:8401', { host: '10.0.0.1', port: 8401 }],
  ['::1', { host: '::1', port: undefined }],
  ['[::1]', { host: '::1', port: undefined }],
  ['[2001:db8::1]:8401', { host: '2001:db8::1', port: 8401 }],
  ['agents.example', { host: 'agents.example', port: undefined }],
  ['web_1.example.:8301', { host: 'web_1.example.', port: 8301 }],
])('%s is where an agent may be', (text, seed) => {
  expect(parseSeed(text)).toEqual(seed);
});

test.each([
  '',
  ':8301',
  '10.0.0.1:',
  '10.0.0.1:0',
  '10.0.0.1:65536',
  '10.0.0.1:x',
  '[10.0.0.1]:1',
  '[::1',
  'a b',
  '-a',
  'a/b',
  '::1:8301x',
  'provider=aws',
])('%j is none', (text) => {
  expect(parseSeed(text)).toBeUndefined();
});
