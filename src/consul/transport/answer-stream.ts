import { Readable } from 'node:stream';

/**
 * The body of an answer, with our errors. Who does not listen for them is not ended by them: reading tells. Destroying it
 * ends the exchange.
 */
export class AnswerStream extends Readable {
  readonly #body: Readable;

  constructor(body: Readable, errorOf: (cause: unknown) => Error) {
    super();
    this.#body = body;
    this.on('error', () => {});
    body.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) body.pause();
    });
    body.once('end', () => this.push(null));
    body.on('error', (cause) => this.destroy(errorOf(cause)));
    body.pause();
  }

  override _read(): void {
    this.#body.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#body.destroy();
    callback(error);
  }
}
