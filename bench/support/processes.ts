/** Child processes of a bench: the built agent and bare baselines, on free loopback ports, always stopped by pid. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startAgent as start, type AgentProcess } from '../../test/support/agent.js';

/** `datapunk agent`, ready to answer, its complaints shown. Without a data directory it keeps everything in memory. */
export function startAgent(options: { dataDir?: string; timeoutMs?: number } = {}): Promise<AgentProcess> {
  return start({ ...options, logLevel: 'error', log: 'inherit' });
}

export interface BareServer {
  readonly origin: string;
  stop(): Promise<void>;
}

/** node:http answering every request with one prebuilt JSON body of `bytes` bytes. */
export async function startBareHttp(bytes: number): Promise<BareServer> {
  const program = `
    const body = Buffer.from(JSON.stringify('x'.repeat(Math.max(0, ${bytes} - 2))));
    const server = require('node:http').createServer((req, res) => {
      req.resume();
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
      res.end(body);
    }).listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await closed;
    },
  };
}
