import type { ServerResponse } from 'node:http';

/** Resolves when the response takes more, or its client is gone. */
export function drained(out: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      out.off('drain', go);
      forget();
      resolve();
    };
    out.on('drain', go);
    const forget = onceOver(out, go);
  });
}

/**
 * Calls once when the response ended or its connection closed; returns how to forget it. The connection is asked too: a
 * response that waits behind another one of the same connection is not told of its end.
 */
export function onceOver(out: ServerResponse, fn: () => void): () => void {
  const { socket } = out.req;
  const forget = (): void => {
    out.off('close', call);
    socket.off('close', call);
  };
  const call = (): void => {
    forget();
    fn();
  };
  out.on('close', call);
  socket.on('close', call);
  return forget;
}
