import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { listenOnLoopback, refusedAddress } from './loopback-server.js';

/** An instance of a service on a free port of the loopback, for tests of those who call it. */
export interface HttpInstance extends AsyncDisposable {
  readonly port: number;
  /** Requests that reached it. */
  readonly requests: { readonly method: string; readonly url: string; readonly host: string; readonly body: string }[];
  connections(): number;
  close(): Promise<void>;
}

/** Answers 200 with its port, or as `answer` does. Bodies are read before it answers. */
export async function httpInstance(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end(String(response.socket?.localPort)),
): Promise<HttpInstance> {
  const requests: HttpInstance['requests'] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.once('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, host: headers.host ?? '', body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  };
  const { port, connections, close } = await listenOnLoopback(createServer(listener));
  return { port, requests, connections, close, [Symbol.asyncDispose]: close };
}

/** A port of 127.0.0.1 that refuses connections. */
export async function deadPort(): Promise<number> {
  const address = await refusedAddress(createServer());
  return Number(address.split(':').at(-1));
}
