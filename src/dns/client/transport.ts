/** One way to one server. */
export interface Transport {
  /**
   * Sends a query, whose id is the transport's to write, and tells of the first answer to it or of a failure: one of
   * the two, once, and never after the cancel.
   */
  ask(query: Buffer, listener: TransportListener, options: AskOptions): Asked;
  close(): void;
}

export interface AskOptions {
  /** Whether the process stays alive for the answer. */
  readonly isHeld: boolean;
}

export interface Asked {
  /** `silent`: the server should have answered by now. */
  cancel(why: 'silent' | 'superseded'): void;
}

export interface TransportListener {
  /** The bytes are the listener's to keep and change. `ageSeconds`: how old the answer is already (RFC 8484 5.1). */
  answered(answer: Buffer, echo: 'exact' | 'other-case' | 'unasked', ageSeconds: number): void;
  failed(error: Error): void;
}
