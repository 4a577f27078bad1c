import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyringFile } from './keyring-file.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'datapunk-keyring-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const [OLD, NEW] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string];
const path = (): string => join(dir, 'keyring.json');

test('without a file the keys are those of the configuration', async () => {
  expect(await new KeyringFile(dir, [OLD, NEW]).read()).toEqual({ keys: [OLD, NEW], primary: OLD, at: 0 });
});

test('a change outlives the process, readable by its owner alone', async () => {
  writeFileSync(`${path()}.new`, 'left by a crash', { mode: 0o644 });
  await new KeyringFile(dir, [OLD]).write({ keys: [OLD, NEW], primary: NEW, at: 7 });
  expect(await new KeyringFile(dir, [OLD]).read()).toMatchObject({ keys: [OLD, NEW], primary: NEW, at: 7 });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test('whoever changes the configuration means it, also to those who have the keys of the file still', async () => {
  await new KeyringFile(dir, [OLD]).write({ keys: [OLD], primary: OLD, at: 7 });
  expect(await new KeyringFile(dir, [NEW]).read()).toEqual({ keys: [NEW], primary: NEW, at: 8 });
});

test('of changes that come at once the last one stays', async () => {
  const file = new KeyringFile(dir, [OLD]);
  const many = Array.from({ length: 40 }, (_, at) => Buffer.alloc(32, at + 3).toString('base64'));
  await Promise.all(many.map((_, at) => file.write({ keys: [OLD, ...many.slice(at)], primary: OLD, at: at + 1 })));
  expect(await file.read()).toMatchObject({ keys: [OLD, many.at(-1)], primary: OLD, at: many.length });
});

test('in memory nothing is kept', async () => {
  const file = new KeyringFile(undefined, [OLD]);
  await file.write({ keys: [NEW], primary: NEW, at: 7 });
  expect((await file.read()).keys).toEqual([OLD]);
});

test('a file that is none is told by its name, and never with what it holds', async () => {
  await new KeyringFile(dir, [OLD]).write({ keys: [OLD], primary: OLD, at: 7 });
  writeFileSync(path(), readFileSync(path(), 'utf8').replace('primary', 'prim'));
  const error = await new KeyringFile(dir, [OLD]).read().catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ code: 'CORRUPT', message: `${path()} is no keyring` });
});
