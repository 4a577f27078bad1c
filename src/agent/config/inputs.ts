import { parseListen } from './listen.js';
import type { Layer } from './merge.js';
import type { RawConfig } from './schema/index.js';

/** What `datapunk agent` takes besides files. Names are those of the flags. */
export interface AgentFlags {
  readonly dev?: boolean;
  readonly configFile?: readonly string[];
  readonly configDir?: readonly string[];
  readonly dataDir?: string;
  readonly node?: string;
  readonly datacenter?: string;
  readonly httpAddr?: string;
  readonly dnsAddr?: string;
  readonly peerAddr?: string;
  readonly join?: readonly string[];
  readonly logLevel?: string;
}

/** One value from outside the files: what names it, and where it goes. */
interface Input {
  readonly source: string;
  readonly value: string | undefined;
  readonly config: (value: string, source: string) => RawConfig;
}

const toDataDir = (value: string): RawConfig => ({ data_dir: value });
const toNode = (value: string): RawConfig => ({ node_name: value });
const toDatacenter = (value: string): RawConfig => ({ datacenter: value });
const toLogLevel = (value: string): RawConfig => ({ log_level: value });
const toListen =
  (server: 'http' | 'dns') =>
  (value: string, source: string): RawConfig => {
    const { host, port } = parseListen(value, source);
    return {
      ...(host === undefined ? {} : { addresses: { [server]: host } }),
      ...(port === undefined ? {} : { ports: { [server]: port } }),
    };
  };

/** Where peers connect is where the node is: `bind_addr`. */
const toPeerListen = (value: string, source: string): RawConfig => {
  const { host, port } = parseListen(value, source);
  return {
    ...(host === undefined ? {} : { bind_addr: host }),
    ...(port === undefined ? {} : { ports: { serf_lan: port } }),
  };
};
const toJoin = (value: string): RawConfig => ({ retry_join: value.split(/[\s,]+/).filter((seed) => seed !== '') });

export function flagLayers(flags: AgentFlags): Layer[] {
  return layersOf([
    { source: '--data-dir', value: flags.dataDir, config: toDataDir },
    { source: '--node', value: flags.node, config: toNode },
    { source: '--datacenter', value: flags.datacenter, config: toDatacenter },
    { source: '--http-addr', value: flags.httpAddr, config: toListen('http') },
    { source: '--dns-addr', value: flags.dnsAddr, config: toListen('dns') },
    { source: '--peer-addr', value: flags.peerAddr, config: toPeerListen },
    ...(flags.join ?? []).map((value) => ({ source: '--join', value, config: toJoin })),
    { source: '--log-level', value: flags.logLevel, config: toLogLevel },
  ]);
}

/** For containers, where a variable is easier to give than a file or a flag. */
export const environmentNames = {
  DATAPUNK_DATA_DIR: toDataDir,
  DATAPUNK_NODE_NAME: toNode,
  DATAPUNK_DATACENTER: toDatacenter,
  DATAPUNK_HTTP_ADDR: toListen('http'),
  DATAPUNK_DNS_ADDR: toListen('dns'),
  DATAPUNK_PEER_ADDR: toPeerListen,
  DATAPUNK_JOIN: toJoin,
  DATAPUNK_LOG_LEVEL: toLogLevel,
} as const;

export function environmentLayers(environment: NodeJS.ProcessEnv): Layer[] {
  return layersOf(
    Object.entries(environmentNames).map(([source, config]) => ({ source, value: environment[source], config })),
  );
}

function layersOf(inputs: readonly Input[]): Layer[] {
  return inputs.flatMap(({ source, value, config }) =>
    value === undefined || value === '' ? [] : [{ source, config: config(value, source) }],
  );
}
