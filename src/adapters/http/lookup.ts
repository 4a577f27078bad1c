import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Discovery, ServiceResolution } from '../../client/index.js';
import { defaults, parseOptions, ServiceDiscoveryError } from '../../model/index.js';
import { discoverySource } from '../discovery-source.js';
import { sharedOptions } from '../options.js';
import { Routes } from '../routes.js';

export interface DiscoveryLookupOptions {
  /** Default: one made from the environment at the first lookup, shared by all adapters of the process. */
  readonly manager?: Discovery;
  /** Ends of the host names that are services. Default `.service` and `.service.consul`. Others go to `dns.lookup`. */
  readonly suffixes?: readonly string[];
}

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Takes the place of `dns.lookup` wherever Node and libraries take a `lookup`. */
export interface DiscoveryLookup extends AsyncDisposable {
  (hostname: string, options: LookupOptions, callback: Callback): void;
  close(): Promise<void>;
}

const { policy: _, ...lookupOptions } = sharedOptions;
const schema = z.strictObject(lookupOptions);

/**
 * A `lookup` that answers service names with the addresses of their instances, another one first each time. Addresses
 * only: the port stays that of the URL or the connection, so all instances must listen on it; where they do not, use the
 * agents. Nothing is learnt about how connections went. Throws INVALID_ARGUMENT.
 */
export function discoveryLookup(options: DiscoveryLookupOptions = {}): DiscoveryLookup {
  parseOptions('discoveryLookup', schema, options);
  const source = discoverySource(options.manager);
  const routes = new Routes(source.get, { suffixes: options.suffixes ?? defaults.adapterSuffixes });
  let turn = 0;
  const lookup = (hostname: string, asked: LookupOptions, callback: Callback): void => {
    const resolution = routes.find(hostname);
    if (!resolution) return dns.lookup(hostname, asked, callback);
    addressesOf(resolution, asked, turn++).then(
      (found) => answer(found, asked, callback),
      (error: ServiceDiscoveryError) => callback(error, []),
    );
  };
  const close = async (): Promise<void> => {
    routes.close();
    await source.release();
  };
  return Object.assign(lookup, { close, [Symbol.asyncDispose]: close });
}

function answer(found: LookupAddress[], asked: LookupOptions, callback: Callback): void {
  const [first] = found;
  // Outside the promise: what a callback throws is its owner's.
  process.nextTick(() => {
    if (asked.all) callback(null, found);
    else if (first) callback(null, first.address, first.family);
  });
}

async function addressesOf(
  resolution: ServiceResolution,
  asked: LookupOptions,
  turn: number,
): Promise<LookupAddress[]> {
  const { endpoints } = resolution.current ?? (await resolution.ready());
  const hosts = [...new Set(endpoints.map(({ address }) => address))];
  const start = hosts.length === 0 ? 0 : turn % hosts.length;
  const inTurn = [...hosts.slice(start), ...hosts.slice(0, start)];
  const found = (await Promise.all(inTurn.map((host) => ipOf(host, asked)))).flat();
  const family = asked.family === 'IPv4' ? 4 : asked.family === 'IPv6' ? 6 : (asked.family ?? 0);
  const fitting = found.filter((address) => family === 0 || address.family === family);
  if (fitting.length > 0) return fitting;
  const what = family === 0 ? 'endpoints' : `IPv${family} endpoints`;
  throw new ServiceDiscoveryError('NO_ENDPOINTS', `${resolution.service} has no ${what}`);
}

/** Endpoints may be host names of their own. One that is not found is no reason to do without the others. */
async function ipOf(host: string, { hints, order }: LookupOptions): Promise<LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  return dns.promises.lookup(host, { all: true, hints, order }).catch(() => []);
}
