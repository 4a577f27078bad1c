import { expect, test } from 'vitest';
import { loadConfig } from './config/index.js';
import { proveConfig } from './prove-config.js';

const runners = { mine: { run: async () => ({ status: 'passing', output: '' }) as const } };

async function proof(names: readonly string[], known?: typeof runners): Promise<unknown> {
  const { config } = await loadConfig({ dev: true }, {});
  const checks = names.map((name) => ({ Name: name, Runner: name, Interval: '10s' }));
  return proveConfig({ ...config, nodeChecks: checks }, known).catch((error: unknown) => error);
}

test('a runner of the embedding program is no mistake of a file; one that nobody knows is, by its place', async () => {
  expect(await proof(['mine'], runners)).toBeUndefined();
  expect(await proof(['mine'])).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await proof(['mine', 'other'], runners)).toMatchObject({
    details: { violations: [{ field: 'checks[1] "other":' }] },
  });
});
