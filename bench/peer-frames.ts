/**
 * One connection between two agents over the loopback: bytes on the wire for each change, and frames a second beside
 * the same messages as lines of JSON over a bare socket.
 *
 *   scripts/run-ts bench/peer-frames.ts
 */
import { EventEmitter, once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { refOf } from '../src/model/index.js';
import type { Row } from '../src/model/index.js';
import { realClock, tcpNetwork } from '../src/runtime/index.js';
import type { Connection } from '../src/runtime/index.js';
import { openPeerConnection } from '../src/sync/connection/introduction.js';
import { PeerKeys } from '../src/sync/connection/peer-keys.js';
import type { PeerConnection } from '../src/sync/connection/types.js';
import { defaultSyncSettings } from '../src/sync/index.js';
import type { Message, Priority, SyncRecord, SyncSettings } from '../src/sync/index.js';
import { memberInfo } from '../src/testing/peer-pair.js';
import { seededRandom } from '../src/testing/seeded-random.js';
import { median } from './support/load.js';
import { report, whole } from './support/report.js';

const ORIGIN = '3f9d1f0e-8f2e-4a7c-9a6a-0d5f6f0a1b2c';
const INSTANCES = 2_000;
const WARM_UP = 50;
const MEASURED = 1_000;
const BATCH = 50;
const ROUNDS = 3;
const THROUGHPUT_FRAMES = 20_000;
/** Frames under way at once, as a busy agent has them. */
const WINDOW = 64;

const owned = { datacenter: 'dc1', origin: ORIGIN, node: 'node-17', createIndex: 0, modifyIndex: 0 };
const random = seededRandom(1);
let ver = 12_345;
let wallMs = 1_700_000_100_000;

type Unnumbered = Omit<SyncRecord, 'ver'>;

/** As an agent that checks them over HTTP writes them. */
function rowsOf(n: number, status: 'passing' | 'critical' = 'passing'): [Row, Row] {
  const address = `10.0.${(n >> 8) & 255}.${n & 255}`;
  const own = { Address: address, Port: 8000 + (n % 1000) };
  const said = status === 'passing' ? '200 OK Output: ok' : '503 Service Unavailable Output: draining';
  const service = `service-${n % 50}`;
  return [
    {
      kind: 'service',
      ...owned,
      id: `api-${n}`,
      service,
      tags: ['v1', 'primary'],
      address,
      taggedAddresses: { lan_ipv4: own, wan_ipv4: own },
      meta: { version: '1.0.0' },
      port: own.Port,
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
      checkId: `service:api-${n}`,
      name: `Service '${service}' check`,
      status,
      notes: '',
      output: `HTTP GET http://${address}:${own.Port}/health: ${said}`,
      serviceId: `api-${n}`,
      serviceName: service,
      serviceTags: ['v1', 'primary'],
      type: 'http',
      interval: '10s',
      timeout: '5s',
      exposedPort: 0,
      definition: null,
    },
  ];
}

function registration(n: number): Unnumbered[] {
  wallMs += Math.floor(random.next() * 50);
  const hlc = wallMs * 2048;
  const [service, check] = rowsOf(n);
  return [
    { ref: refOf(service), hlc, row: { ...service, hlc } as Row },
    { ref: refOf(check), hlc: 0, row: check },
  ];
}

function flip(n: number): Unnumbered[] {
  const [, row] = rowsOf(n, random.next() < 0.5 ? 'passing' : 'critical');
  return [{ ref: refOf(row), hlc: 0, row }];
}

function deregistration(n: number): Unnumbered[] {
  return rowsOf(n).map((row) => ({ ref: refOf(row), hlc: 0 }));
}

function deltaOf(changes: number, make: (n: number) => Unnumbered[]): Message {
  const prev = ver;
  const records = Array.from({ length: changes }, () => make(Math.floor(random.next() * INSTANCES))).flat();
  const numbered = records.map((record) => ({ ...record, ver: ++ver }));
  return {
    type: 'delta',
    stream: ORIGIN,
    inc: 1_700_000_000_123,
    prev,
    to: ver,
    end: ver,
    gc: 12_000,
    index: 0,
    records: numbered,
  };
}

interface Ends {
  readonly near: PeerConnection;
  readonly far: PeerConnection;
  /** Resolves once the far end has read so many messages in all. */
  received(count: number): Promise<void>;
}

async function withEnds(
  options: { keys?: PeerKeys; settings?: Partial<SyncSettings> },
  use: (ends: Ends) => Promise<void>,
): Promise<void> {
  const arrivals = new EventEmitter();
  const arrival = once(arrivals, 'connection');
  const listener = await tcpNetwork.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    arrivals.emit('connection', connection);
  });
  const introduced = (connection: Connection, role: 'dialer' | 'acceptor'): Promise<PeerConnection> =>
    openPeerConnection({
      connection,
      role,
      self: memberInfo(role === 'dialer' ? 'a' : 'b'),
      admit: () => undefined,
      clock: realClock,
      settings: { ...defaultSyncSettings, ...options.settings },
      ...(options.keys && { keys: options.keys }),
    });
  const [near, far] = await Promise.all([
    tcpNetwork.dial(listener.address, { timeoutMs: 1_000 }).then((connection) => introduced(connection, 'dialer')),
    arrival.then(([connection]) => introduced(connection as Connection, 'acceptor')),
  ]);
  let count = 0;
  let awaited = { count: 0, tell: (): void => {} };
  near.start({ message: () => {}, ended: () => {} });
  far.start({ message: () => ++count === awaited.count && awaited.tell(), ended: () => {} });
  const received = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      awaited = { count: wanted, tell: resolve };
      if (count >= wanted) resolve();
    });
  await use({ near, far, received });
  near.destroy();
  far.destroy();
  await listener.close();
}

/** Bytes on the wire for each change, one after another, once the connection is warm. */
async function bytesPerChange(changes: number, make: (n: number) => Unnumbered[], keys?: PeerKeys): Promise<number> {
  let bytes = 0;
  await withEnds(keys ? { keys } : {}, async ({ near, received }) => {
    const batches = Math.max(10, MEASURED / changes);
    let before = 0;
    for (let sent = 0; sent < WARM_UP + batches; sent++) {
      if (sent === WARM_UP) before = near.report().sentBytes;
      near.send(deltaOf(changes, make), 'registration');
      await received(sent + 1);
    }
    bytes = (near.report().sentBytes - before) / batches / changes;
  });
  return bytes;
}

async function printBytes(): Promise<void> {
  const kinds: readonly [string, (n: number) => Unnumbered[], number, number][] = [
    ['registration (service and check)', registration, 64, 40],
    ['health flip', flip, 24, 24],
    ['deregistration (service and check)', deregistration, 24, 24],
  ];
  const keys = new PeerKeys([Buffer.alloc(32, 1).toString('base64')]);
  for (const [what, make, barAlone, barTogether] of kinds) {
    for (const [changes, bar] of [
      [1, barAlone],
      [BATCH, barTogether],
    ] as const) {
      const bytes = await bytesPerChange(changes, make);
      const sealed = await bytesPerChange(changes, make, keys);
      report([
        {
          what: `${what}, ${changes === 1 ? 'alone' : `${changes} together`}`,
          measured: `${bytes.toFixed(1)} bytes on the wire`,
          beside: `encrypted ${sealed.toFixed(1)}, as JSON ${jsonBytes(changes, make).toFixed(0)}`,
          bar: `<= ${bar}`,
          reached: bytes <= bar,
        },
      ]);
    }
  }
}

function jsonBytes(changes: number, make: (n: number) => Unnumbered[]): number {
  return JSON.stringify(deltaOf(changes, make)).length / changes;
}

/** Frames a second from one end to the other, both in this process. */
async function framesPerSecond(settings: Partial<SyncSettings>, keys?: PeerKeys): Promise<number> {
  let perSecond = 0;
  await withEnds({ settings, ...(keys && { keys }) }, async ({ near, received }) => {
    const messages = Array.from({ length: THROUGHPUT_FRAMES }, () => deltaOf(1, flip));
    const began = performance.now();
    for (let sent = 0; sent < messages.length; sent += WINDOW) {
      for (const message of messages.slice(sent, sent + WINDOW)) near.send(message, 'health' satisfies Priority);
      await received(Math.min(sent + WINDOW, messages.length));
    }
    perSecond = (messages.length / (performance.now() - began)) * 1000;
  });
  return perSecond;
}

/** The same messages as lines of JSON over a bare socket, read at the other end. */
async function jsonLinesPerSecond(): Promise<number> {
  const messages = Array.from({ length: THROUGHPUT_FRAMES }, () => deltaOf(1, flip));
  let awaited = { count: 0, tell: (): void => {} };
  let received = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      JSON.parse(line);
      if (++received === awaited.count) awaited.tell();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const began = performance.now();
  for (let sent = 0; sent < messages.length; sent += WINDOW) {
    const window = messages.slice(sent, sent + WINDOW);
    await new Promise<void>((resolve) => {
      awaited = { count: sent + window.length, tell: resolve };
      socket.write(window.map((message) => `${JSON.stringify(message)}\n`).join(''));
    });
  }
  const perSecond = (messages.length / (performance.now() - began)) * 1000;
  socket.destroy();
  server.close();
  return perSecond;
}

async function printFrames(): Promise<void> {
  const keys = new PeerKeys([Buffer.alloc(32, 1).toString('base64')]);
  const ways: readonly [string, () => Promise<number>][] = [
    ['compressed', () => framesPerSecond({})],
    ['as they are', () => framesPerSecond({ compression: 'off' })],
    ['compressed and encrypted', () => framesPerSecond({}, keys)],
  ];
  const figures = new Map<string, number[]>();
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await jsonLinesPerSecond());
    for (const [name, measure] of ways) figures.set(name, [...(figures.get(name) ?? []), await measure()]);
  }
  report(
    ways.map(([name]) => ({
      what: `health flips, ${name}, ${WINDOW} under way`,
      measured: `${whole(median(figures.get(name) ?? []))} frames/s, written, sent and read in one process`,
      beside: `lines of JSON over a bare socket ${whole(median(bare))}`,
    })),
  );
}

await printBytes();
await printFrames();
