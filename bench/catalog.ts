/**
 * The catalog alone at 100,000 instances with a check each: heap per instance, loading a snapshot, applying changes one
 * by one, reading a service again after a change, waking 10,000 waiters, and lists under a prefix of 100,000 keys.
 * Rows come as a store yields them: parsed anew from text, in key order. Parsing alone is shown beside.
 */
import { Catalog } from '../src/catalog/index.js';
import { put, refKey, refOf, topic } from '../src/model/index.js';
import type { KvRow, Row, ServiceRow } from '../src/model/index.js';
import { checkRow, nodeRow, serviceRow } from '../src/testing/catalog-world.js';
import { median } from './support/load.js';
import { type Figure, report, whole } from './support/report.js';
import v8 from 'node:v8';
import vm from 'node:vm';

const INSTANCES = 100_000;
const NODES = 1_000;
const PER_SERVICE = 100;
const ROUNDS = 5;
const CHANGES = 50_000;
const WAITERS = 10_000;

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

function serviceOf(at: number): ServiceRow {
  const service = `service-${Math.floor(at / PER_SERVICE)}`;
  const address = `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;
  const port = 1024 + (at % 60_000);
  return serviceRow(`node-${at % NODES}`, `${service}-${at}`, {
    service,
    tags: ['v1', at % 2 ? 'blue' : 'green'],
    meta: { version: '1.2.3', zone: `z${at % 3}` },
    address,
    taggedAddresses: { lan_ipv4: { Address: address, Port: port }, wan_ipv4: { Address: address, Port: port } },
    port,
  });
}

function* everyRow(): Iterable<Row> {
  for (let at = 0; at < NODES; at++) yield nodeRow(`node-${at}`, { address: `10.0.${at >> 8}.${at & 255}` });
  for (let at = 0; at < INSTANCES; at++) {
    const { node, id, service, tags } = serviceOf(at);
    const shown = { name: `Service '${service}' check`, type: 'http', interval: '10s', timeout: '2s' };
    const output = `HTTP GET http://10.0.0.${at & 255}:8080/health: 200 OK Output: ok`;
    yield serviceOf(at);
    yield checkRow(node, `service:${id}`, { serviceId: id, serviceName: service, serviceTags: tags, output, ...shown });
  }
}

function textOfRows(): readonly Buffer[] {
  const texts = Array.from(everyRow(), (row) => [refKey(refOf(row)), Buffer.from(JSON.stringify(row))] as const);
  return texts.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}

function* parsed(texts: readonly Buffer[]): Iterable<Row> {
  for (const text of texts) yield JSON.parse(text.toString()) as Row;
}

function timed(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function load(texts: readonly Buffer[]): Catalog {
  const catalog = new Catalog({ datacenter: 'dc1' });
  catalog.apply({ type: 'snapshot', index: 10, rows: parsed(texts) });
  return catalog;
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function readEverything(catalog: Catalog): void {
  for (const name of catalog.serviceNames()) catalog.serviceView(name);
}

function loading(texts: readonly Buffer[]): Figure[] {
  const parseMs: number[] = [];
  const loadMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    parseMs.push(timed(() => Array.from(parsed(texts), (row) => row.kind.length).length));
    loadMs.push(timed(() => load(texts)));
  }
  const ownMs = median(loadMs) - median(parseMs);
  const before = heapBytes();
  const catalog = load(texts);
  const held = heapBytes() - before;
  readEverything(catalog);
  const read = heapBytes() - before;
  return [
    {
      what: 'loading 100,000 services and checks',
      measured: `${whole(ownMs)} ms`,
      beside: `parsing them ${whole(median(parseMs))} ms`,
      bar: 'no more than parsing',
      reached: ownMs <= median(parseMs),
    },
    { what: 'heap for an instance with its check', measured: `${whole(held / INSTANCES)} bytes` },
    { what: 'heap once every service was read', measured: `${whole(read / INSTANCES)} bytes` },
  ];
}

function changing(catalog: Catalog): Figure[] {
  const applyMs = timed(() => {
    for (let at = 0; at < CHANGES; at++) {
      const row = put(serviceOf((at * 7919) % INSTANCES));
      catalog.apply({ type: 'changes', index: catalog.index + 1, changes: [row] });
    }
  });
  const rebuildMs = timed(() => {
    for (let at = 0; at < 1000; at++) {
      catalog.apply({ type: 'changes', index: catalog.index + 1, changes: [put(serviceOf(at % PER_SERVICE))] });
      catalog.serviceView('service-0');
    }
  });
  return [
    { what: 'change sets applied', measured: `${whole((CHANGES / applyMs) * 1000)} a second` },
    { what: 'one change, then its service of 100 read', measured: `${rebuildMs.toFixed(1)} µs` },
  ];
}

function waking(catalog: Catalog): Figure[] {
  let woken = 0;
  for (let at = 0; at < WAITERS; at++) catalog.subscribe(topic.service('service-0'), () => woken++);
  const wake = (): number =>
    timed(() => catalog.apply({ type: 'changes', index: catalog.index + 1, changes: [put(serviceOf(0))] }));
  const wakeMs = median(Array.from({ length: ROUNDS }, wake));
  const reached = woken === WAITERS * ROUNDS && wakeMs < 5;
  return [{ what: '10,000 waiters of one service woken', measured: `${wakeMs.toFixed(2)} ms`, bar: '< 5 ms', reached }];
}

function keyRow(at: number): KvRow {
  const key = `app/${(at * 7919) % 1000}/${at}`;
  return { kind: 'kv', key, value: 'eA==', flags: 0n, lockIndex: 0, session: '', createIndex: 0, modifyIndex: 0 };
}

function keys(): Figure[] {
  const catalog = new Catalog({ datacenter: 'dc1' });
  const putMs = timed(() => {
    for (let at = 0; at < INSTANCES; at++) {
      catalog.apply({ type: 'changes', index: at + 1, changes: [put(keyRow(at))] });
    }
  });
  const listMs = timed(() => {
    for (let at = 0; at < 1000; at++) catalog.kvList(`app/${at}/`);
  });
  return [
    { what: 'new keys among 100,000', measured: `${whole((INSTANCES / putMs) * 1000)} a second` },
    { what: 'a list of 100 keys among 100,000', measured: `${listMs.toFixed(1)} µs` },
  ];
}

const texts = textOfRows();
report(loading(texts));
const catalog = load(texts);
report(changing(catalog));
report(waking(catalog));
report(keys());
