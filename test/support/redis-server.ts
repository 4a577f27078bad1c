/** A real redis-server on a free port of the loopback, without files. Every test file starts and stops its own. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { refusedAddress } from '../../src/testing/loopback-server.js';

export const hasRedis = spawnSync('redis-server', ['--version']).error === undefined;

const START_MS = 10_000;
const LOOK_EVERY_MS = 20;

export class RedisServer implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private child: ChildProcess,
  ) {}

  /** On a free port. Another process may take it first; then another one is tried. */
  static async start(): Promise<RedisServer> {
    for (let attempt = 0; ; attempt += 1) {
      const port = Number((await refusedAddress(createServer())).split(':')[1]);
      try {
        return new RedisServer(port, await launch(port));
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** As a crash does it; nothing it knew is left. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }

  /** On the same port, empty. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = await launch(this.port);
  }

  /** Stops answering; its kernel still takes connections. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** One command as redis-cli sends it; the raw reply. */
  async command(...words: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write(words.map((word) => JSON.stringify(word)).join(' ') + '\r\n');
      const [reply] = (await once(socket, 'data')) as [Buffer];
      return reply.toString('utf8');
    } finally {
      socket.destroy();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

async function launch(port: number): Promise<ChildProcess> {
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  const child = spawn('redis-server', options, { stdio: 'ignore' });
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += LOOK_EVERY_MS) {
    if (child.exitCode !== null) break;
    if (await listens(port)) return child;
    await delay(LOOK_EVERY_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`redis-server did not start on port ${port}`);
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
