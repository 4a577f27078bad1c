import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** `preferred` when nothing listens there, else 0: any free one. UDP is looked at too when asked for. */
export async function freePort(host: string, preferred: number, udp: boolean): Promise<number> {
  const free = (await tcpFree(host, preferred)) && (!udp || (await udpFree(host, preferred)));
  return free ? preferred : 0;
}

async function tcpFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, host);
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return free;
}

async function udpFree(host: string, port: number): Promise<boolean> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, host);
  const free = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  return free;
}
