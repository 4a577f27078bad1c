/** A data directory that is not what the agent left: told in one line that names the file, or of no consequence. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { datapunk, startAgent } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { FREE_PORTS, refusal } from '../support/use-agents.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let sound: string;
const KEYS = 50;

beforeAll(async () => {
  directory = await temporaryDirectory();
  sound = join(directory.path, 'sound');
  const agent = await startAgent({ dataDir: sound });
  for (let i = 0; i < KEYS; i++) await httpJson(agent.origin, `PUT /v1/kv/k${i}`, 'x'.repeat(1_000));
  await httpJson(agent.origin, 'PUT /v1/agent/service/register', { Name: 'web', Port: 80 });
  await agent.stop('SIGKILL');
});
afterAll(() => directory.remove());

/** The one file whose name matches. */
function file(dataDir: string, name: RegExp): string {
  const found = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((path) => name.test(path));
  expect(found, String(name)).toHaveLength(1);
  return join(dataDir, found[0] as string);
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = Math.floor(bytes.length * at);
  bytes.writeUInt8(bytes.readUInt8(index) ^ 0x10, index);
  writeFileSync(path, bytes);
}

const damages: readonly (readonly [string, RegExp, (path: string) => void])[] = [
  ['a flipped bit in the log', /store\/\d+\.log$/, (path) => flip(path, 0.5)],
  ['a log cut in half', /store\/\d+\.log$/, (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ['a log that is gone', /store\/\d+\.log$/, (path) => rmSync(path)],
  ['a manifest that is gone', /store\/MANIFEST-\d+$/, (path) => rmSync(path)],
  ['a flipped bit in the manifest', /store\/MANIFEST-\d+$/, (path) => flip(path, 0.5)],
  ['no CURRENT', /store\/CURRENT$/, (path) => rmSync(path)],
  ['no mark of what was acknowledged', /^acknowledged$/, (path) => rmSync(path)],
  ['no FORMAT', /^FORMAT$/, (path) => rmSync(path)],
  ['noise as FORMAT', /^FORMAT$/, (path) => writeFileSync(path, '\0\0\0')],
  ['a FORMAT of the future', /^FORMAT$/, (path) => writeFileSync(path, 'datapunk discovery data, format 999\n')],
  ['no node-id', /^node-id$/, (path) => rmSync(path)],
  ['noise as node-id', /^node-id$/, (path) => writeFileSync(path, '../../etc')],
];

test.each(damages)('%s: all is there, or it is refused and nothing touched', async (_, name, damage) => {
  const dataDir = join(directory.path, `damaged-${Math.random()}`);
  cpSync(sound, dataDir, { recursive: true });
  damage(file(dataDir, name));
  let said = '';
  const started = await startAgent({ dataDir }).catch((error: unknown) => void (said = String(error)));
  if (started) {
    expect(await httpJson<string[]>(started.origin, 'GET /v1/kv/?keys')).toHaveLength(KEYS);
    expect((await http(started.origin, 'GET /v1/agent/service/web')).status).toBe(200);
    await httpJson(started.origin, 'PUT /v1/agent/service/deregister/web');
    expect(await httpJson(started.origin, 'GET /v1/catalog/service/web')).toEqual([]);
    await started.stop();
    return;
  }
  expect(said).toContain(dataDir);
  // Trying again changes nothing, and says the same.
  const again = await datapunk(['agent', '--data-dir', dataDir, '--log-level', 'error', ...FREE_PORTS]);
  const line = refusal(again);
  expect(line).toContain(dataDir);
  expect(again.stderr.trimEnd().split('\n')[1]).toMatch(/move|remove|start the newer/);
});

test('what is beside the data is of no consequence', async () => {
  const dataDir = join(directory.path, 'littered');
  cpSync(sound, dataDir, { recursive: true });
  for (const name of ['owner', 'store/LOCK', 'notes.txt', 'store/LOG.old', 'FORMAT.new']) {
    writeFileSync(join(dataDir, name), 'noise');
  }
  const agent = await startAgent({ dataDir });
  expect(await httpJson<string[]>(agent.origin, 'GET /v1/kv/?keys')).toHaveLength(KEYS);
  await agent.stop();
});
