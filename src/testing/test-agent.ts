import type { Cluster } from '../model/index.js';
import type { Registry } from '../registry/index.js';

/** An agent in this process, on free ports of the loopback, with nothing on disk. */
export interface TestAgent extends AsyncDisposable {
  /** `127.0.0.1:49152`, for `ServiceDiscoveryManager({ addresses: [http] })`. */
  readonly http: string;
  /** The same for DNS, UDP and TCP. */
  readonly dns: string;
  /** Where other agents join it; undefined unless `peers` or `join` asked for a peer port. */
  readonly peers: string | undefined;
  /** The other agents, and what this one knows through them. */
  readonly cluster: Cluster;
  /** What it serves: commands and the catalog, to arrange a test and to look at its outcome. */
  readonly registry: Registry;
  /** Harmless twice. */
  close(): Promise<void>;
}

export interface TestAgentOptions {
  /** Default: free ports of 127.0.0.1. Name them to start again where an earlier one was. */
  readonly http?: string;
  readonly dns?: string;
  /** Where other agents may join it, `127.0.0.1:0` for a free port. Default: nowhere, unless `join` is given. */
  readonly peers?: string;
  /** Addresses of other agents (`peers` of theirs) to meet. */
  readonly join?: readonly string[];
  /** The keys of a configuration file (docs/agent.md). */
  readonly config?: object;
}

/**
 * For tests of programs that discover or register: a whole agent, ready when this resolves. Its code is loaded when this is
 * first called.
 */
export async function startTestAgent(options: TestAgentOptions = {}): Promise<TestAgent> {
  const { http = '127.0.0.1:0', dns = '127.0.0.1:0', join = [], config = {} } = options;
  const { peers = join.length > 0 ? '127.0.0.1:0' : undefined } = options;
  const { loadConfig, startAgent } = await import('../agent/index.js');
  const file = await configFile(config);
  try {
    const flags = { dev: true, logLevel: 'error', httpAddr: http, dnsAddr: dns, configFile: [file.path], join };
    const loaded = await loadConfig({ ...flags, ...(peers === undefined ? {} : { peerAddr: peers }) }, {});
    const agent = await startAgent(loaded.config, { log: () => {} });
    const close = (): Promise<void> => agent.close();
    return {
      http: agent.addresses.http[0] as string,
      dns: agent.addresses.dns[0] as string,
      peers: agent.addresses.peer,
      cluster: agent.cluster,
      registry: agent.registry,
      close,
      [Symbol.asyncDispose]: close,
    };
  } finally {
    await file.remove();
  }
}

async function configFile(config: object): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const [{ mkdtemp, rm, writeFile }, { tmpdir }, { join }] = await Promise.all([
    import('node:fs/promises'),
    import('node:os'),
    import('node:path'),
  ]);
  const directory = await mkdtemp(join(tmpdir(), 'datapunk-test-'));
  const path = join(directory, 'agent.json');
  await writeFile(path, JSON.stringify(config));
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}
