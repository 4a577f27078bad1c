/** Bytes on a socket, for requests that no client library would send. */
import { connect, type Socket } from 'node:net';

/** A connection; what breaks it is no failure of the test. */
export async function connection(origin: string, options: { allowHalfOpen?: boolean } = {}): Promise<Socket> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ port: Number(port), host: hostname.replace(/^\[(.*)\]$/, '$1'), ...options });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return socket;
}

/** Everything that comes back until the other side closes, or until `done` says that it is enough. */
export async function exchange(
  origin: string,
  bytes: string | Uint8Array,
  done: (received: string) => boolean = () => false,
  timeoutMs = 5_000,
): Promise<{ readonly text: string; readonly closed: boolean }> {
  const socket = await connection(origin);
  let text = '';
  const closed = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      if (done(text)) resolve(false);
    });
    socket.write(bytes);
  });
  socket.destroy();
  return { text, closed };
}

/** `400` of `HTTP/1.1 400 Bad Request`, of every answer in the text. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
