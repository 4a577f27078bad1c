import { given, invalid } from '../model/index.js';
import type { ConsulClientOptions, ConsulTlsOptions } from './options.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options from the variables that Consul's own tools read; an empty one counts as absent. What `overrides` gives wins,
 * a token over a token file too. Throws INVALID_ARGUMENT naming the variable.
 */
export function optionsFromEnvironment(env: Environment, overrides: ConsulClientOptions = {}): ConsulClientOptions {
  const tls = { ...tlsFrom(env), ...overrides.tls };
  const tokenFile = overrides.token === undefined ? set(env, 'CONSUL_HTTP_TOKEN_FILE') : undefined;
  const found = {
    addresses: set(env, 'CONSUL_HTTP_ADDR'),
    ssl: truth(env, 'CONSUL_HTTP_SSL'),
    token: set(env, 'CONSUL_HTTP_TOKEN'),
    tokenFile,
    auth: set(env, 'CONSUL_HTTP_AUTH'),
    namespace: set(env, 'CONSUL_NAMESPACE'),
  };
  return { ...given(found), ...given(overrides), ...(Object.keys(tls).length === 0 ? {} : { tls }) };
}

function tlsFrom(env: Environment): ConsulTlsOptions {
  return given({
    caFile: set(env, 'CONSUL_CACERT'),
    caPath: set(env, 'CONSUL_CAPATH'),
    certFile: set(env, 'CONSUL_CLIENT_CERT'),
    keyFile: set(env, 'CONSUL_CLIENT_KEY'),
    serverName: set(env, 'CONSUL_TLS_SERVER_NAME'),
    verify: truth(env, 'CONSUL_HTTP_SSL_VERIFY'),
  });
}

function set(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** As Go's tools read it. */
function truth(env: Environment, name: string): boolean | undefined {
  const value = set(env, name);
  if (value === undefined) return undefined;
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(`${name} must be true or false, not "${value}"`);
}
