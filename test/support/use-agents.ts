import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { startAgent, type AgentOptions, type AgentProcess, type Finished } from './agent.js';

/** A fresh directory for every test of a file, and agents that end with the test. */
export interface Agents {
  start(options?: AgentOptions): Promise<AgentProcess>;
  /** A path in the directory. */
  path(name: string): string;
}

export function useAgents(): Agents {
  const started: Promise<AgentProcess>[] = [];
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    for (const agent of await Promise.allSettled(started.splice(0))) {
      if (agent.status === 'fulfilled') await agent.value.stop('SIGKILL');
    }
    await directory.remove();
  });
  return {
    start(options) {
      const agent = startAgent(options);
      started.push(agent);
      return agent;
    },
    path: (name) => join(directory.path, name),
  };
}

/** Listen addresses of an agent that is not expected to get that far. */
export const FREE_PORTS = ['--http-addr', '127.0.0.1:0', '--dns-addr', '127.0.0.1:0'] as const;

/** What a start that was refused says: a line with the reason, perhaps one with what to do; no stack, exit code 1. */
export function refusal({ code, stdout, stderr }: Finished): string {
  expect([code, stdout], stderr).toEqual([1, '']);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length, stderr).toBeLessThanOrEqual(2);
  expect(stderr).not.toMatch(/\n\s+at /);
  return lines[0] ?? '';
}
