import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { NetworkAddress } from '../runtime/index.js';

/** An address of the loopback that takes no more connections and refuses none: what a machine behind a cut looks like. */
export interface SilentListener {
  readonly address: NetworkAddress;
  close(): Promise<void>;
}

const PROGRAM = `
const server = require('node:net').createServer();
server.listen({ host: process.argv[1], port: 0, backlog: 1 }, () => console.log(server.address().port));
`;
/** Linux takes one more than the backlog. */
const FILL = 8;

/** A process that is stopped, with its backlog full: the system drops whatever asks for a connection. */
export async function silentListener(host: string): Promise<SilentListener> {
  const child = spawn(process.execPath, ['-e', PROGRAM, host], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const address = { host, port: Number(String(line)) };
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: FILL }, () => connect(address).on('error', () => {}));
  await Promise.any(fillers.map((socket: Socket) => once(socket, 'connect')));
  return {
    address,
    close: async () => {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
