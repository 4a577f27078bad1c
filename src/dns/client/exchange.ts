/** One question to one server and its answer, over a socket of its own (RFC 5452: a random port each time). */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { ServiceDiscoveryError } from '../../model/index.js';
import { onAbort } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { echoOf, framed, Frames } from '../wire/index.js';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'after'>;
  readonly signal?: AbortSignal;
  /** Takes an error without a question for an answer: who asks by hand wants to see it. Default false. */
  readonly bareErrors?: boolean;
}

interface Settle {
  readonly done: (answer: Buffer) => void;
  readonly failed: (error: Error) => void;
}

export function askOverUdp(server: ServerAddress, question: Buffer, options: ExchangeOptions): Promise<Buffer> {
  return within(server, options, ({ done, failed }) => {
    const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
    // Connected, so that the system drops what comes from elsewhere and tells of a closed port.
    socket.connect(server.port, server.host);
    socket.once('connect', () => socket.send(question, (error) => error && failed(error)));
    socket.on('message', (answer) => {
      // Not an answer to this question: maybe somebody guessing. The right one may still come.
      if (isAnswer(answer, question, options)) done(answer);
    });
    socket.on('error', failed);
    return () => socket.close();
  });
}

export function askOverTcp(server: ServerAddress, question: Buffer, options: ExchangeOptions): Promise<Buffer> {
  return within(server, options, ({ done, failed }) => {
    const frames = new Frames();
    const socket = connect(server.port, server.host, () => socket.write(framed(question)));
    socket.on('data', (piece: Buffer) => {
      frames.push(piece);
      const answer = frames.next();
      if (!answer) return;
      if (isAnswer(answer, question, options)) done(Buffer.from(answer));
      else failed(new ServiceDiscoveryError('UNAVAILABLE', `${server.host} answered another question`));
    });
    socket.on('error', failed);
    socket.on('close', () => failed(new ServiceDiscoveryError('UNAVAILABLE', `${server.host} closed the connection`)));
    return () => socket.destroy();
  });
}

/** Runs an exchange to its first outcome, then gives back what it held. */
function within(
  server: ServerAddress,
  { timeoutMs, clock, signal }: ExchangeOptions,
  start: (settle: Settle) => () => void,
): Promise<Buffer> {
  const givenUp = new ServiceDiscoveryError('CLOSED', 'the question was given up');
  if (signal?.aborted === true) return Promise.reject(givenUp);
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      ignore();
      release?.();
      settle();
    };
    const failed = (error: Error): void => end(() => reject(error));
    const cancel = clock.after(timeoutMs, () =>
      failed(new ServiceDiscoveryError('TIMEOUT', `${server.host} did not answer within ${timeoutMs} ms`)),
    );
    const ignore = onAbort(signal, () => failed(givenUp));
    let release: (() => void) | undefined;
    try {
      release = start({ done: (answer) => end(() => resolve(answer)), failed });
    } catch (error) {
      failed(error as Error);
    }
  });
}

/** By its id and question. */
function isAnswer(answer: Buffer, question: Buffer, { bareErrors = false }: ExchangeOptions): boolean {
  const echo = echoOf(answer, question);
  return echo === 'exact' || echo === 'other-case' || (echo === 'unasked' && bareErrors);
}
