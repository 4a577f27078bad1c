/**
 * The store in a process that is killed with -9 while it writes, again and again. What it acknowledged is kept outside
 * of it, in what this process read from its pipe. After each kill the data must be what some prefix of its operations
 * makes, no shorter than the last acknowledged one.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KvRow } from '../../model/index.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { copyOf, stateOf, temporaryDirectory } from '../../testing/store-tools.js';
import { openEmbeddedStore } from './index.js';

const ROOT = join(import.meta.dirname, '../../..');
const BUILT = join(ROOT, 'build/crash-test');

let parent: string;
let cleanUp: () => Promise<void>;
beforeAll(async () => {
  ({ path: parent, remove: cleanUp } = await temporaryDirectory());
  const options = ['--outDir', BUILT, '--tsBuildInfoFile', join(BUILT, '.tsbuildinfo')];
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  try {
    execFileSync(tsc, ['-p', join(ROOT, 'tsconfig.build.json'), ...options], { stdio: 'ignore' });
  } catch {
    // Types are the type check's to judge; here it is enough that there is something to run.
  }
  expect(existsSync(join(BUILT, 'store/index.js'))).toBe(true);
}, 60_000);
afterAll(() => cleanUp());

/** What operation `n` writes; undefined deletes. Used by the writer too, so it stands alone. */
function operation(n: number): readonly { readonly key: string; readonly value: string | undefined }[] {
  const filler = 'x'.repeat((n * 37) % 400);
  return [
    { key: 'counter', value: String(n) },
    { key: `key-${n % 40}`, value: n % 6 === 5 ? undefined : `${n} ${filler}` },
  ];
}

const WRITER = `
import { writeSync } from 'node:fs';
import { openEmbeddedStore } from ${JSON.stringify(join(BUILT, 'store/index.js'))};
${operation.toString()}
const [dataDir, from] = process.argv.slice(1);
const store = await openEmbeddedStore({ dataDir, lazyDelayMs: 3 });
const change = ({ key, value }) =>
  value === undefined
    ? { op: 'delete', ref: { kind: 'kv', node: '', id: key } }
    : { op: 'put', row: { kind: 'kv', key, value, flags: 0n, lockIndex: 0, session: '', createIndex: 0, modifyIndex: 0 } };
let next = Number(from);
async function write() {
  for (;;) {
    const n = next++;
    const durability = n % 5 === 0 ? 'lazy' : 'synced';
    try {
      const index = await store.commit(operation(n).map(change), { durability });
      writeSync(1, durability + ' ' + n + ' ' + index + '\\n');
    } catch (error) {
      writeSync(1, 'failed ' + error.code + ' ' + error.message + '\\n');
      await store.close();
      process.exit(3);
    }
  }
}
writeSync(1, 'ready\\n');
for (let n = 0; n < 16; n++) void write();
`;

interface Ledger {
  ready: boolean;
  /** Newest operation acknowledged as synced; the largest index answered at all. */
  acknowledged: number;
  index: number;
  failure: string;
}

function writer(dataDir: string, from: number, command: readonly string[] = []) {
  const [program = process.execPath, ...before] = command;
  const child = spawn(program, [...before, '--input-type=module', '-e', WRITER, dataDir, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ledger: Ledger = { ready: false, acknowledged: -1, index: 0, failure: '' };
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [word, n, index] = line.split(' ');
    if (word === 'ready') ledger.ready = true;
    else if (word === 'failed') ledger.failure = line;
    // A line the kill cut short was not answered.
    else if (index !== undefined) {
      ledger.index = Math.max(ledger.index, Number(index));
      if (word === 'synced') ledger.acknowledged = Math.max(ledger.acknowledged, Number(n));
    }
  });
  return { child, ledger, ended: Promise.all([once(child, 'exit'), once(lines, 'close')]) };
}

function after(last: number): Map<string, string> {
  const state = new Map<string, string>();
  for (let n = 0; n <= last; n++) {
    for (const { key, value } of operation(n)) {
      if (value === undefined) state.delete(key);
      else state.set(key, value);
    }
  }
  return state;
}

/** Of a copy: the original stays as the kill left it, for the next life to recover. */
async function recovered(dataDir: string): Promise<{ index: number; last: number; state: Map<string, string> }> {
  const copy = join(parent, `copy-${Math.random()}`);
  await copyOf(dataDir, copy);
  const store = await openEmbeddedStore({ dataDir: copy });
  const { index, rows } = await stateOf(store);
  await store.close();
  const state = new Map([...rows.values()].map((row) => [(row as KvRow).key, (row as KvRow).value]));
  return { index, last: Number(state.get('counter') ?? -1), state };
}

test('nothing acknowledged is lost, nothing deleted comes back, no index falls over 15 kills', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  const dataDir = join(parent, 'killed');
  let last = -1;
  let highest = 0;
  for (let kill = 0; kill < 15; kill++) {
    const { child, ledger, ended } = writer(dataDir, last + 1);
    // Every fifth one while it starts, which is while it recovers from the one before.
    if (kill % 5 === 4) await delay(20 + random.next() * 80);
    else {
      while (!ledger.ready) await delay(2);
      await delay(random.next() * 60);
    }
    child.kill('SIGKILL');
    await ended;
    const acknowledged = Math.max(last, ledger.acknowledged);
    highest = Math.max(highest, ledger.index);
    if (!existsSync(join(dataDir, 'FORMAT'))) continue;
    const found = await recovered(dataDir);
    const where = `kill ${kill}, seed ${seed}`;
    expect(found.last, where).toBeGreaterThanOrEqual(acknowledged);
    expect(found.index, where).toBeGreaterThanOrEqual(highest);
    expect(found.state, where).toEqual(after(found.last));
    last = found.last;
    highest = found.index;
  }
  expect(last).toBeGreaterThan(100);
}, 60_000);

test('a disk that takes no more ends the store with a clear text and loses nothing', async () => {
  const dataDir = join(parent, 'full');
  // A limit on the size of files; the shell has the signal ignored that would kill the process first.
  const limited = ['/bin/sh', '-c', `trap '' XFSZ; ulimit -f 200; exec "$0" "$@"`, process.execPath];
  const { child, ledger, ended } = writer(dataDir, 0, limited);
  await ended;
  expect(child.exitCode).toBe(3);
  expect(ledger.failure).toContain('failed UNAVAILABLE cannot write to data directory');
  expect(ledger.failure).toContain('File too large');
  expect(ledger.acknowledged).toBeGreaterThan(10);
  const found = await recovered(dataDir);
  expect(found.last).toBeGreaterThanOrEqual(ledger.acknowledged);
  expect(found.state).toEqual(after(found.last));
}, 60_000);
