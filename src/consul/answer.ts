/** One answer of an agent, with what its headers tell (docs/contract.md section 1.3). */
export interface ConsulAnswer<T> {
  readonly value: T;
  readonly status: number;
  /** X-Consul-Index; 0 where the endpoint sends none. */
  readonly index: number;
  /**
   * In which indexes may be compared: `X-Discovery-Index-Space` of our agents; for a Consul, `consul:` and its
   * datacenter, or `consul:` alone until that is known.
   */
  readonly indexSpace: string;
  /** X-Consul-KnownLeader; true where the endpoint does not say. */
  readonly knownLeader: boolean;
  /** X-Consul-LastContact, ms. */
  readonly lastContactMs: number;
  /** Which of the client's addresses answered, as shown to people; without credentials. */
  readonly address: string;
  /** Undefined when the answer has no such header; names in any case. */
  header(name: string): string | undefined;
}

/**
 * One turn of a blocking query: hand in the last index, get what is there once it is newer or the wait is over. An index
 * means something only where it came from: a turn that has to go to another address than `indexFrom` is asked as if its
 * index were 0, and answered at once.
 */
export type BlockingRead<T> = (turn: BlockingTurn) => Promise<ConsulAnswer<T>>;

export interface BlockingTurn {
  /** 0: answer at once. */
  readonly index: number;
  /** The address that gave the index: `address` of its answer. */
  readonly indexFrom?: string;
  /** What the agent is asked to hold the request for, ms. */
  readonly waitMs: number;
  /** The whole exchange, ms: above `waitMs`, so that a peer that went away is noticed. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Nobody waits for it: held by the agent, it does not keep the process alive. */
  readonly background?: boolean;
}
