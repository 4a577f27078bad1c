import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScenario } from '../run/run-scenario.js';
import { stories } from './stories.js';

/** What happens in a few runs is kept as text and read when it changes: `npx vitest run test/simulation/narrated -u`. */
describe('what happens when', () => {
  test.each(Object.entries(stories))('%s', async (name, scenario) => {
    const lines: string[] = [];
    const { failure, convergedMs } = runScenario(scenario, { show: (line) => lines.push(line.trimEnd()) });
    expect(failure).toBeUndefined();
    lines.push(`all show the same ${convergedMs} ms after healing`, '');
    await expect(lines.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, `${name.replaceAll(' ', '-')}.txt`));
  });
});
