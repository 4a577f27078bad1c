import { ServiceDiscoveryError } from '../../model/index.js';
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

export function flagLayers(flags: AgentFlags): Layer[] {
  if (flags.peerAddr !== undefined) throw needsSync('--peer-addr');
  if ((flags.join ?? []).length > 0) throw needsSync('--join');
  return layersOf([
    { source: '--data-dir', value: flags.dataDir, config: toDataDir },
    { source: '--node', value: flags.node, config: toNode },
    { source: '--datacenter', value: flags.datacenter, config: toDatacenter },
    { source: '--http-addr', value: flags.httpAddr, config: toListen('http') },
    { source: '--dns-addr', value: flags.dnsAddr, config: toListen('dns') },
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

function needsSync(what: string): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNSUPPORTED', `${what} is not supported yet: agents do not join each other`, {
    details: { hint: `Leave ${what} out to run this agent alone.` },
  });
}
