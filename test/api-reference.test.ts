/** docs/api is what `scripts/api-reference` writes from the docstrings of today. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

function pagesOf(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

test('the API reference is up to date: scripts/api-reference writes it', { timeout: 240_000 }, async () => {
  const written = mkdtempSync(join(tmpdir(), 'api-reference-'));
  try {
    await promisify(execFile)(join(ROOT, 'scripts/api-reference'), [written]);
    const [now, committed] = [pagesOf(written), pagesOf(join(ROOT, 'docs/api'))];
    expect(Object.keys(committed)).toEqual(Object.keys(now));
    for (const [name, text] of Object.entries(now)) expect(committed[name] === text, name).toBe(true);
  } finally {
    rmSync(written, { recursive: true, force: true });
  }
});
