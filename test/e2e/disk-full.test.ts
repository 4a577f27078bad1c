/** An agent whose disk is full says so and ends; what it acknowledged is there when it has room again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { http, httpJson } from '../support/http.js';
import { useAgents } from '../support/use-agents.js';

const agents = useAgents();

test('a file that may not grow: the write is refused, the agent ends, nothing acknowledged is lost', async () => {
  const dataDir = agents.path('data');
  const value = 'x'.repeat(300_000);
  const agent = await agents.start({ dataDir, through: ['bash', '-c', 'ulimit -f 400; exec "$@"', 'bash'] });
  expect((await http(agent.origin, 'PUT /v1/kv/kept', value)).status).toBe(200);
  const refused = await http(agent.origin, 'PUT /v1/kv/lost', value);
  expect([refused.status, refused.text]).toEqual([500, expect.stringContaining('cannot write to data directory')]);
  expect(await agent.exited).toEqual({ code: 1, signal: null });
  const again = await agents.start({ dataDir });
  expect((await http(again.origin, 'GET /v1/kv/kept?raw')).text).toBe(value);
});

/** A file system of its own, which root may make where the container lets it; on the build server it must. */
const canMount = ((): boolean => {
  const probe = mkdtempSync(join(tmpdir(), 'datapunk-mount-'));
  try {
    mount(probe);
    unmount(probe);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
})();

function mount(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'datapunk-test', directory], { stdio: 'ignore' });
}

function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory]);
}

async function onSmallDisk(use: (dataDir: string, disk: string) => Promise<void>): Promise<void> {
  const disk = agents.path('disk');
  mkdirSync(disk);
  mount(disk);
  try {
    await use(`${disk}/data`, disk);
  } finally {
    unmount(disk);
  }
}

test('a small file system can be made where it must', () => {
  if (process.env['CI'] === 'true') expect(canMount, 'mounting a tmpfs failed: it needs root').toBe(true);
});

describe.skipIf(!canMount)(canMount ? 'a file system of 8 MB' : 'a file system of its own needs root', () => {
  test('that fills up under many writers', () =>
    onSmallDisk(async (dataDir, disk) => {
      writeFileSync(`${disk}/ballast`, Buffer.alloc(2_000_000));
      const agent = await agents.start({ dataDir });
      const acknowledged = new Map<string, string>();
      const refusals: string[] = [];
      let reads = 0;
      const writer = async (n: number): Promise<void> => {
        for (let i = 0; ; i++) {
          const [key, value] = [`full/${n}/${i}`, `${n}-${i}-`.padEnd(10_000, 'x')];
          const answer = await http(agent.origin, `PUT /v1/kv/${key}`, value).catch(() => undefined);
          if (answer?.status === 200) acknowledged.set(key, value);
          else return void (answer && refusals.push(`${answer.status} ${answer.text}`));
        }
      };
      const reader = async (): Promise<void> => {
        for (;;) {
          const answer = await http(agent.origin, 'GET /v1/agent/self').catch(() => undefined);
          if (!answer) return;
          expect(answer.status).toBe(200);
          reads++;
        }
      };
      await Promise.all([...Array.from({ length: 16 }, (_, n) => writer(n)), reader(), reader()]);
      expect(await agent.exited).toEqual({ code: 1, signal: null });
      expect(agent.log()).toContain('cannot write to data directory');
      expect(agent.log()).not.toContain('unhandled');
      expect(refusals.length).toBeGreaterThan(0);
      for (const text of refusals) expect(text).toMatch(/^500 .*cannot write to data directory .*(no space|ENOSPC)/i);
      expect(acknowledged.size).toBeGreaterThan(100);
      expect(reads).toBeGreaterThan(10);

      rmSync(`${disk}/ballast`);
      const again = await agents.start({ dataDir });
      const rows = await httpJson<{ Key: string; Value: string }[]>(again.origin, 'GET /v1/kv/full/?recurse');
      const there = new Map(rows.map(({ Key, Value }) => [Key, Buffer.from(Value, 'base64').toString()]));
      expect([...acknowledged].filter(([key, value]) => there.get(key) !== value).map(([key]) => key)).toEqual([]);
      expect((await http(again.origin, 'PUT /v1/kv/after', 'x')).status).toBe(200);
    }));

  test('that is full from the start: refused with a reason, or started and ended with one; never damaged', () =>
    onSmallDisk(async (dataDir, disk) => {
      const first = await agents.start({ dataDir });
      expect((await http(first.origin, 'PUT /v1/kv/kept', 'kept')).status).toBe(200);
      await first.stop();
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(`${disk}/ballast`, Buffer.alloc(bavail * bsize));
      for (let i = 0; i < 3; i++) {
        const full = await agents.start({ dataDir }).catch((error: unknown) => String(error));
        if (typeof full === 'string') expect(full).toMatch(/no space|ENOSPC|cannot (use|write)/i);
        else {
          const answer = await http(full.origin, 'PUT /v1/kv/more', 'x'.repeat(100_000)).catch(() => undefined);
          expect(answer?.status).not.toBe(200);
          await Promise.race([full.exited, delay(5_000)]);
          await full.stop('SIGKILL');
        }
      }
      rmSync(`${disk}/ballast`);
      const again = await agents.start({ dataDir });
      expect((await http(again.origin, 'GET /v1/kv/kept?raw')).text).toBe('kept');
    }));
});
