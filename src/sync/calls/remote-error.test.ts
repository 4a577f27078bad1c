import { expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { readError, sayError } from './remote-error.js';

test('code, message and details survive the journey; causes and what is no data stay at home', () => {
  const error = new ServiceDiscoveryError('INVALID_ARGUMENT', 'Missing node', {
    cause: new Error('inside'),
    details: { status: 500, violations: [{ field: 'node', rule: 'must be' }], now: new Date(0), fn: () => {} },
  });
  const read = readError(sayError(error));
  expect(read).toBeInstanceOf(ServiceDiscoveryError);
  expect(read).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'Missing node' });
  expect(read.details).toEqual({ status: 500, violations: [{ field: 'node', rule: 'must be' }] });
});

test.each([undefined, null, 'text', {}, { code: 1, message: 'x', details: {} }])('%j is no error', (value) => {
  expect(readError(value)).toMatchObject({ code: 'INTERNAL' });
});

test('a code that we do not know is a failure of ours to understand', () => {
  for (const code of ['NEWER', 'constructor', '__proto__']) {
    expect(readError({ code, message: 'm', details: {} })).toMatchObject({ code: 'INTERNAL', message: 'm' });
  }
});
