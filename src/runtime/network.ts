/**
 * Connections between agents as streams of bytes: the seam below the peer protocol. TLS, network namespaces and
 * simulated networks are other implementations of it.
 */
export interface NetworkAddress {
  /** IP address without brackets, or a name to look up. */
  readonly host: string;
  /** 0 when listening = any free one. */
  readonly port: number;
}

/**
 * Why a connection ended or could not be made. `refused` and `reset` are hard evidence: the other machine answered, and
 * nobody was there. The rest says nothing about the other process.
 */
export type ConnectionEvidence = 'closed' | 'reset' | 'refused' | 'timeout' | 'unreachable' | 'failed';

export interface ConnectionHandlers {
  /** Bytes in order, in pieces of any size. */
  data(bytes: Uint8Array): void;
  /** Everything that was written is handed to the system. */
  drained(): void;
  /** Called once, whoever ended it; nothing is called afterwards. */
  ended(evidence: ConnectionEvidence): void;
}

export interface Connection {
  readonly remote: NetworkAddress;
  /** What is received before is kept. Called once. */
  start(handlers: ConnectionHandlers): void;
  /** Takes the bytes to be sent in order, however many wait already: the caller bounds them by `waitingBytes`. Never throws. */
  write(bytes: Uint8Array): void;
  readonly waitingBytes: number;
  /** Ends once what was written is sent, or after `graceMs`, default 1 s. Harmless twice. */
  close(graceMs?: number): void;
  /** Ends now; what waits is lost. Harmless twice. */
  destroy(): void;
}

export interface NetworkListener {
  readonly address: NetworkAddress;
  /** No more connections; those there are live on. Harmless twice. */
  close(): Promise<void>;
}

export interface Network {
  /**
   * Rejects with UNAVAILABLE, `details.evidence` being a ConnectionEvidence, after at most `timeoutMs`; with the signal's
   * reason when aborted.
   */
  dial(
    address: NetworkAddress,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Connection>;
  /** Rejects with UNAVAILABLE when the address cannot be had. */
  listen(address: NetworkAddress, accept: (connection: Connection) => void): Promise<NetworkListener>;
}
