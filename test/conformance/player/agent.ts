import { startAgent as start } from '../../support/agent.js';
import type { Subject } from './play.js';

export interface RunningAgent extends Subject {
  stop(): Promise<unknown>;
}

/** In memory, on free ports: real sockets, as any client sees it. */
export async function startAgent(): Promise<RunningAgent> {
  const node = 'conformance';
  const agent = await start({ flags: ['--node', node], logLevel: 'error' });
  return { origin: new URL(agent.origin), dns: agent.dns, node, stop: () => agent.stop() };
}
