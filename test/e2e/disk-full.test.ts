import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { http } from '../support/http.js';

const BIN = join(import.meta.dirname, '../../bin/datapunk');
const VALUE = 'x'.repeat(300_000);

/** A limit on the size of files stands for a full disk: a write fails, and needs no file system of its own. */
test('an agent that cannot write says so and ends, and what it acknowledged is there', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'datapunk-full-'));
  const agent = spawnAgent(dataDir, 'ulimit -f 400; exec "$@"');
  try {
    const origin = await originOf(agent);
    const ended = once(agent, 'exit');
    expect((await http(origin, 'PUT /v1/kv/kept', VALUE)).status).toBe(200);
    const refused = await http(origin, 'PUT /v1/kv/lost', VALUE);
    expect([refused.status, refused.text]).toEqual([500, expect.stringContaining('cannot write to data directory')]);
    expect((await ended)[0]).toBe(1);

    const again = spawnAgent(dataDir, 'exec "$@"');
    const stopped = once(again, 'exit');
    const second = await originOf(again);
    expect((await http(second, 'GET /v1/kv/kept?raw')).text).toBe(VALUE);
    again.kill();
    await stopped;
  } finally {
    agent.kill('SIGKILL');
    rmSync(dataDir, { recursive: true });
  }
});

function spawnAgent(dataDir: string, script: string) {
  const flags = ['agent', '--data-dir', dataDir, '--http-addr', '127.0.0.1:0', '--dns-addr', '127.0.0.1:0'];
  return spawn('bash', ['-c', script, 'bash', BIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** From the line that says the agent is ready. */
async function originOf(agent: ReturnType<typeof spawnAgent>): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      said += chunk.toString();
      const address = /HTTP (127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (address !== undefined) resolve(`http://${address}`);
    };
    agent.stdout.on('data', look);
    agent.stderr.on('data', look);
    agent.once('exit', () => reject(new Error(said)));
  });
}
