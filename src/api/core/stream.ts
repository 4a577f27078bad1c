import type { ServerResponse } from 'node:http';

/** Resolves when the response takes more, or its client is gone. */
export function drained(out: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      out.off('drain', go);
      out.off('close', go);
      resolve();
    };
    out.on('drain', go);
    out.on('close', go);
  });
}
