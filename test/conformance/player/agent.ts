import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listenOnLoopback } from '../../../src/testing/loopback-server.js';
import type { Subject } from './play.js';

export interface RunningAgent extends Subject {
  stop(): Promise<void>;
}

const COMMAND = fileURLToPath(new URL('../../../bin/datapunk', import.meta.url));
const READY_WITHIN_MS = 15_000;

/** The built command, in memory, on free ports: real sockets, as any client sees it. */
export async function startAgent(): Promise<RunningAgent> {
  const [http, dns] = [await freePort(), await freePort()];
  const addresses = ['--http-addr', `127.0.0.1:${http}`, '--dns-addr', `127.0.0.1:${dns}`];
  const flags = ['--dev', '--node', 'conformance', '--log-level', 'error', ...addresses];
  const child = spawn(COMMAND, ['agent', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  const origin = new URL(`http://127.0.0.1:${http}`);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const node = await nodeName(child, origin);
  return {
    origin,
    dns: { host: '127.0.0.1', port: dns },
    node,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function nodeName(child: ChildProcess, origin: URL): Promise<string> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const giveUp = performance.now() + READY_WITHIN_MS;
  while (performance.now() < giveUp && child.exitCode === null) {
    const answer = await fetch(new URL('/v1/agent/self', origin)).catch(() => undefined);
    if (answer?.ok) return ((await answer.json()) as { Config: { NodeName: string } }).Config.NodeName;
    await delay(20);
  }
  child.kill('SIGKILL');
  throw new Error(`the agent did not become ready: ${complaint}`);
}

async function freePort(): Promise<number> {
  const { port, close } = await listenOnLoopback(createServer());
  await close();
  return port;
}
