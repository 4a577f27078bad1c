import type { Server } from 'node:http';

/** Ends a server whose requests are answered; what is still open was given its time and is cut. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
