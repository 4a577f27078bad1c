import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaults } from '../../model/index.js';
import type { PeerConfig } from './agent-config.js';
import type { AgentFlags } from './inputs.js';
import { loadConfig } from './load.js';
import { printedValues } from './print.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'datapunk-peers-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const KEYS = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string];

async function peers(content: object, flags: AgentFlags = {}, environment = {}): Promise<PeerConfig> {
  const path = join(dir, 'a.json');
  await writeFile(path, JSON.stringify(content));
  return (await loadConfig({ configFile: [path], ...flags }, environment)).config.peers;
}

describe('the peer port', () => {
  test('by default is 8301 where HTTP listens, and nobody asked for it', async () => {
    expect(await peers({})).toMatchObject({ listen: { host: '127.0.0.1', port: 8301 }, isAsked: false });
    expect((await peers({ client_addr: '::1' })).listen).toEqual({ host: '::1', port: 8301 });
    expect((await peers({ addresses: { http: 'unix:///x.sock' } })).listen?.host).toBe('127.0.0.1');
  });

  test('is asked for by its key, its flag, its variable, and by wanting to meet others', async () => {
    expect(await peers({ ports: { serf_lan: 8301 } })).toMatchObject({ isAsked: true });
    expect(await peers({}, { peerAddr: '127.0.0.2:0' })).toMatchObject({
      listen: { host: '127.0.0.2', port: 0 },
      isAsked: true,
    });
    expect(await peers({}, {}, { DATAPUNK_PEER_ADDR: '[::1]:0' })).toMatchObject({ listen: { host: '::1', port: 0 } });
    expect(await peers({ retry_join: ['10.0.0.1'] })).toMatchObject({ listen: { port: 8301 }, isAsked: true });
  });

  test('with --dev is none unless asked for', async () => {
    expect((await peers({}, { dev: true })).listen).toBeUndefined();
    expect((await peers({}, { dev: true, peerAddr: '127.0.0.1:0' })).listen).toEqual({ host: '127.0.0.1', port: 0 });
    expect((await peers({}, { dev: true, join: ['10.0.0.1'] })).listen).toEqual({ host: '127.0.0.1', port: 8301 });
    expect((await peers({ ports: { serf_lan: 8401 } }, { dev: true })).listen?.port).toBe(8401);
  });

  test('-1 is none, and cannot be when others are to be met', async () => {
    expect(await peers({ ports: { serf_lan: -1 } })).toMatchObject({ listen: undefined });
    await expect(peers({ ports: { serf_lan: -1 }, retry_join: ['10.0.0.1'] })).rejects.toThrow(
      'ports.serf_lan: -1 is no peer port, and retry_join needs one',
    );
  });

  test('is advertised as it is bound, unless that is every address or another is given', async () => {
    expect((await peers({ bind_addr: '10.0.0.1' })).advertise).toBeUndefined();
    expect((await peers({ bind_addr: '10.0.0.1', advertise_addr: '192.0.2.1' })).advertise).toBe('192.0.2.1');
    expect((await peers({ bind_addr: '0.0.0.0' })).advertise).toMatch(/\d+\.\d+\.\d+\.\d+/);
  });
});

test('whom to meet: files, environment and flags add up; no port is 8301', async () => {
  const { join: lan, joinWan } = await peers(
    { retry_join: ['10.0.0.1', '[::1]:8401'], start_join: ['a.example'], retry_join_wan: ['b.example:1'] },
    { join: ['10.0.0.9:1'] },
    { DATAPUNK_JOIN: '10.0.0.7:1, 10.0.0.8:1' },
  );
  expect(lan.map(({ host, port }) => `${host} ${port}`)).toEqual([
    '10.0.0.1 8301',
    '::1 8401',
    '10.0.0.7 1',
    '10.0.0.8 1',
    '10.0.0.9 1',
    'a.example 8301',
  ]);
  expect(joinWan).toEqual([{ host: 'b.example', port: 1 }]);
});

test('keys: none, one or several, and never printed', async () => {
  expect((await peers({})).keys).toEqual([]);
  expect((await peers({ encrypt: '' })).keys).toEqual([]);
  expect((await peers({ encrypt: KEYS[0] })).keys).toEqual([KEYS[0]]);
  expect((await peers({ encrypt: [...KEYS, KEYS[0]] })).keys).toEqual(KEYS);
  const { merged } = await loadConfig({ configFile: [join(dir, 'a.json')] }, {});
  const printed = JSON.stringify(printedValues(merged));
  expect(printed).not.toContain(KEYS[0]);
  expect(printed).toContain('{"key":"encrypt","value":"(hidden)"');
});

test('a signal leaves for good only when the configuration says so', async () => {
  expect((await peers({})).leaveOn).toEqual({ SIGTERM: false, SIGINT: false });
  expect((await peers({ leave_on_terminate: true, skip_leave_on_interrupt: false })).leaveOn).toEqual({
    SIGTERM: true,
    SIGINT: true,
  });
});

describe('how sync behaves', () => {
  test('by default as the defaults say', async () => {
    expect((await peers({})).settings).toEqual(defaults.sync);
  });

  test('every key reaches its setting', async () => {
    const sync = {
      flush: '0s',
      flush_bytes: 1,
      digest_interval: '2s',
      remote_flush: '3ms',
      remote_digest_interval: '4s',
      heartbeat_interval: '5ms',
      suspect_after: '6s',
      dead_after: '7s',
      hard_dead_after: '8s',
      monitors: 9,
      min_nodes: 10,
      loss_share: 0.11,
      loss_window: '12s',
      tombstone_min: '13s',
      tombstone_max: '14s',
      compression: 'off',
      queue_bytes: 150_000,
      bulk_bytes_per_second: 16_000,
      exports: { dc2: ['web*'] },
    };
    expect((await peers({ sync, reconnect_timeout: '17s' })).settings).toEqual({
      flushMs: 0,
      flushBytes: 1,
      digestMs: 2_000,
      remoteFlushMs: 3,
      remoteDigestMs: 4_000,
      heartbeatMs: 5,
      suspectAfterMs: 6_000,
      deadAfterMs: 7_000,
      hardDeadAfterMs: 8_000,
      monitors: 9,
      minNodes: 10,
      lossShare: 0.11,
      lossWindowMs: 12_000,
      tombstoneMinMs: 13_000,
      tombstoneMaxMs: 14_000,
      compression: 'off',
      queueBytes: 150_000,
      bulkBytesPerSecond: 16_000,
      exports: { dc2: ['web*'] },
      reconnectTimeoutMs: 17_000,
    });
  });

  test.each([
    [{ heartbeat_interval: '1s' }, /^sync\.suspect_after: must be at least twice sync\.heartbeat_interval/],
    [{ dead_after: '1s' }, /^sync\.dead_after: must not be below sync\.suspect_after/],
    [{ tombstone_max: '1s' }, /^sync\.tombstone_max: must not be below sync\.tombstone_min/],
  ])('values that contradict each other are refused: %j', async (sync, message) => {
    await expect(peers({ sync })).rejects.toThrow(message);
  });
});
