import type { HttpSettings } from '../api/index.js';
import type { CheckOptions } from '../registry/index.js';
import type { AgentConfig } from './config/index.js';

/** The parts of the configuration, by the names of the rooms they are for. */
export function checkOptions({ checks }: AgentConfig, runners?: CheckOptions['runners']): CheckOptions {
  const { enableScripts, enableLocalScripts, allowedNetworks, ...same } = checks;
  return {
    ...same,
    enableScriptChecks: enableScripts,
    enableLocalScriptChecks: enableLocalScripts,
    allowedNetworks: allowedNetworks.length > 0 ? allowedNetworks : undefined,
    runners,
  };
}

export function httpSettings({ http, prometheusRetentionMs }: AgentConfig): HttpSettings {
  const { kvValueBytes, txnBytes, ...same } = http;
  return { ...same, kvMaxValueBytes: kvValueBytes, txnMaxBytes: txnBytes, prometheus: prometheusRetentionMs > 0 };
}
