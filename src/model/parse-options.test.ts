import { expect, test } from 'vitest';
import { z } from 'zod';
import { isDiscoveryError } from './errors.js';
import { parseOptions } from './parse-options.js';

const schema = z.strictObject({
  consulPort: z.number('must be a number').int('must be a whole number').optional(),
  deep: z.strictObject({ inner: z.string('must be text') }).optional(),
});

function refusal(value: unknown): string {
  try {
    parseOptions('options', schema, value);
  } catch (error) {
    if (isDiscoveryError(error, 'INVALID_ARGUMENT')) return error.message;
    throw error;
  }
  return 'accepted';
}

test.each([
  [{}, 'accepted'],
  [{ consulPort: 8500 }, 'accepted'],
  [{ consulport: 1 }, 'options: consulport is not an option; did you mean consulPort?'],
  [{ zebra: 1 }, 'options: zebra is not an option'],
  [{ consulPort: '1' }, 'options: consulPort must be a number'],
  [{ consulPort: 1.5, deep: {} }, 'options: consulPort must be a whole number; deep.inner must be text'],
  [{ deep: { inner: '', other: 1 } }, 'options: deep.other is not an option'],
  ['text', 'options: must be an object'],
])('%j: %s', (value, said) => expect(refusal(value)).toBe(said));
