import { getServers } from 'node:dns';

/** The resolvers that this machine is set up with, in its order, as entries of `servers`: `127.0.0.53`, `[::1]:5353`. */
export function systemServers(): readonly string[] {
  return getServers();
}
