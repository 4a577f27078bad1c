/** Where an agent listens, real ports: `127.0.0.1:8500`, `[::1]:8500`, `unix:///run/datapunk.sock`. */
export interface AgentAddresses {
  readonly http: readonly string[];
  readonly https: readonly string[];
  readonly dns: readonly string[];
  readonly dnsTls: readonly string[];
  readonly dnsHttps: readonly string[];
  /** Where other agents reach it; undefined without a peer port. */
  readonly peer: string | undefined;
}
