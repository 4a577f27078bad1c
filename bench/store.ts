/**
 * The embedded store alone: durable commits a second, loading, memory, and its size on disk under a million updates
 * of a thousand instances. Beside them what this disk takes bare: append and fdatasync.
 *
 *   scripts/run-ts bench/store.ts [throughput,loading,growth]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { put } from '../src/model/index.js';
import type { Change, Row, Store } from '../src/model/index.js';
import { openEmbeddedStore } from '../src/store/index.js';
import { median, percentile } from './support/load.js';
import { report, whole } from './support/report.js';

const COMMITS = 60_000;
const AT_ONCE = 64;
const LOADED_INSTANCES = 100_000;
const UPDATES = 1_000_000;
const UPDATED_INSTANCES = 1_000;

const [mode, loadFrom] = process.argv.slice(2);
const parent = loadFrom ?? mkdtempSync(join(tmpdir(), 'bench-store-'));
const owned = { datacenter: 'dc1', origin: '3f9d1f0e-8f2e-4a7c-9a6a-0d5f6f0a1b2c', createIndex: 0, modifyIndex: 0 };

/** An instance with its check, as the catalog holds them; `turn` makes each update another. */
function rowsOf(n: number, turn = 0): Row[] {
  const node = `node-${n % 1000}`;
  return [
    {
      kind: 'service',
      ...owned,
      node,
      id: `api-${n}`,
      service: `service-${n % 500}`,
      tags: ['v1', 'primary'],
      address: `10.0.${(n >> 8) & 255}.${n & 255}`,
      taggedAddresses: null,
      meta: { version: '1.0.0', turn: String(turn) },
      port: 8000 + (n % 1000),
      socketPath: '',
      weights: { Passing: 1, Warning: 1 },
      enableTagOverride: false,
      serviceKind: '',
      proxy: null,
      connect: null,
      locality: null,
    },
    {
      kind: 'check',
      ...owned,
      node,
      checkId: `service:api-${n}`,
      name: `Service 'service-${n % 500}' check`,
      status: turn % 2 ? 'critical' : 'passing',
      notes: '',
      output: 'HTTP GET http://10.0.0.1:8080/health: 200 OK Output: ok',
      serviceId: `api-${n}`,
      serviceName: `service-${n % 500}`,
      serviceTags: ['v1', 'primary'],
      type: 'http',
      interval: '10s',
      timeout: '5s',
      exposedPort: 0,
      definition: null,
    },
  ];
}

const changes = (n: number, turn = 0): Change[] => rowsOf(n, turn).map(put);

/** Latencies of `count` commits, `atOnce` under way at any time. */
async function commits(store: Store, count: number, atOnce: number, make: (n: number) => Change[]): Promise<number[]> {
  const latencies: number[] = [];
  let next = 0;
  const committer = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const began = performance.now();
      await store.commit(make(n));
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, committer));
  return latencies;
}

function bareSyncMs(): number {
  const file = openSync(join(parent, 'bare'), 'w');
  const record = Buffer.alloc(500, 'x');
  const times = Array.from({ length: 500 }, () => {
    const began = performance.now();
    writeSync(file, record);
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  return median(times);
}

function sizeBytes(directory: string): number {
  let size = 0;
  for (const name of readdirSync(directory, { recursive: true }) as string[]) {
    // Files come and go while LevelDB compacts.
    size += statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return size;
}

async function throughput(): Promise<void> {
  const store = await openEmbeddedStore({ dataDir: join(parent, 'commits') });
  const began = performance.now();
  const latencies = await commits(store, COMMITS, AT_ONCE, changes);
  const perSecond = (COMMITS / (performance.now() - began)) * 1000;
  const alone = await commits(store, 2_000, 1, changes);
  await store.close();
  report([
    {
      what: `durable commits of two rows, ${AT_ONCE} at once`,
      measured: `${whole(perSecond)}/s, p50 ${median(latencies).toFixed(2)} ms, p99 ${percentile(latencies, 0.99).toFixed(2)} ms`,
    },
    {
      what: 'one at a time',
      measured: `p50 ${median(alone).toFixed(3)} ms, p99 ${percentile(alone, 0.99).toFixed(3)} ms`,
      beside: `bare append and fdatasync p50 ${bareSyncMs().toFixed(3)} ms`,
    },
  ]);
}

interface Load {
  readonly rows: number;
  readonly openMs: number;
  readonly allMs: number;
  readonly rssBytes: number;
  /** Of JSON.parse over the same rows as objects, in the same process. */
  readonly parseMs: number;
}

/** In a process of its own, as an agent that starts. */
async function loadHere(dataDir: string): Promise<Load> {
  const rssBefore = process.memoryUsage().rss;
  const began = performance.now();
  const store = await openEmbeddedStore({ dataDir });
  const openMs = performance.now() - began;
  let rows = 0;
  for await (const update of store.follow(0, new AbortController().signal)) {
    if (update.type === 'snapshot') for (const _ of update.rows) rows++;
    break;
  }
  const allMs = performance.now() - began;
  const rssBytes = process.memoryUsage().rss - rssBefore;
  await store.close();
  return { rows, openMs, allMs, rssBytes, parseMs: bareParseMs(rows / 2) };
}

function bareParseMs(instances: number): number {
  const texts = Array.from({ length: instances }, (_, n) => rowsOf(n).map((row) => JSON.stringify(row))).flat();
  const began = performance.now();
  for (const text of texts) JSON.parse(text);
  return performance.now() - began;
}

async function loading(): Promise<void> {
  const dataDir = join(parent, 'loading');
  const filling = await openEmbeddedStore({ dataDir });
  for (let n = 0; n < LOADED_INSTANCES; n += 100) {
    await filling.commit(Array.from({ length: 100 }, (_, at) => changes(n + at)).flat());
  }
  await filling.close();
  const loads = Array.from({ length: 5 }, () => {
    const { stdout } = spawnSync(process.execPath, [import.meta.filename, '--load', dataDir], { encoding: 'utf8' });
    return JSON.parse(stdout) as Load;
  });
  const middle = (of: (load: Load) => number): number => median(loads.map(of));
  const allMs = middle((load) => load.allMs);
  report([
    {
      what: `loading ${whole(middle((load) => load.rows))} rows`,
      measured: `${whole(allMs)} ms (${whole(middle((load) => load.openMs))} ms read and proved, the rest decoded)`,
      beside: `JSON.parse of them as objects ${whole(middle((load) => load.parseMs))} ms`,
      bar: '<= 600 ms',
      reached: allMs <= 600,
    },
    { what: 'more resident memory after it', measured: `${whole(middle((load) => load.rssBytes) / 1e6)} MB` },
    { what: 'on disk', measured: `${whole(sizeBytes(dataDir) / 1e6)} MB` },
  ]);
}

async function growth(): Promise<void> {
  const dataDir = join(parent, 'growth');
  const store = await openEmbeddedStore({ dataDir });
  let largest = 0;
  let n = 0;
  const began = performance.now();
  while (n < UPDATES) {
    const from = n;
    n = Math.min(UPDATES, n + 20_000);
    await commits(store, n - from, 256, (at) =>
      changes((from + at) % UPDATED_INSTANCES, Math.floor((from + at) / UPDATED_INSTANCES)),
    );
    largest = Math.max(largest, sizeBytes(dataDir));
  }
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  const reopened = await openEmbeddedStore({ dataDir });
  await reopened.close();
  report([
    {
      what: `${whole(UPDATES)} updates of ${whole(UPDATED_INSTANCES)} instances`,
      measured: `at most ${(largest / 1e6).toFixed(1)} MB on disk, ${(sizeBytes(dataDir) / 1e6).toFixed(1)} MB after a restart (${whole(seconds)} s)`,
      bar: '<= 64 MB',
      reached: largest <= 64e6,
    },
  ]);
}

if (loadFrom !== undefined) console.log(JSON.stringify(await loadHere(loadFrom)));
else {
  const only = mode ?? 'throughput,loading,growth';
  try {
    if (only.includes('throughput')) await throughput();
    if (only.includes('loading')) await loading();
    if (only.includes('growth')) await growth();
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
