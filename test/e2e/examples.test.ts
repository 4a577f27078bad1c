/** The examples run as they stand, against the built package through its own entry points. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const run = promisify(execFile);

/** What each prints, line by line. */
const printed: Readonly<Record<string, readonly string[]>> = {
  'fetch.mjs': [1, 2, 3, 4, 5].map((order) => `200 /orders/${order} of orders.service`),
  'grpc.mjs': ['hello Ada, from the first', 'hello Ada, from the first true', 'hello Ada, from the second true'],
  'http-agent.mjs': ['hello from /by-agent', 'hello from /by-lookup'],
  'fastify.mjs': ['/orders [{"id":1}]', '/readyz ready', 'left, exit code 0'],
  'express.mjs': ['/orders [{"id":1}]', '/readyz ready', '/livez alive', 'left: []'],
};

test('every adapter has one', () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.mjs'));
  expect(names).toEqual(expect.arrayContaining(Object.keys(printed)));
});

test.each(Object.entries(printed))('%s', async (name, lines) => {
  const { stdout, stderr } = await run(process.execPath, [join(EXAMPLES, name)], { timeout: 15_000 });
  expect(stdout.trimEnd().split('\n')).toEqual(lines);
  expect(stderr).toBe('');
});
