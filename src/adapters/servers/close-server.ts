import type { Server } from 'node:http';
import type { Connections } from './connections.js';

/** Ends a server whose requests are answered; what is still open was given its time and is cut. */
export async function closeServer(server: Server, connections: Connections): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeAllConnections();
  await connections.endWith(closed);
}
