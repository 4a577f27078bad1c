import { ServiceDiscoveryError, type Violation } from '../../model/index.js';
import type { AgentConfig } from './agent-config.js';
import { defaultLayer } from './defaults-layer.js';
import { decodeDefinitions, joinSingles } from './definitions.js';
import { environmentLayers, flagLayers, type AgentFlags } from './inputs.js';
import { inspectConfig, type Finding } from './inspect.js';
import { mergeLayers, type Layer, type Merged } from './merge.js';
import { readConfigFiles, type ConfigFile } from './read-files.js';
import { resolveConfig } from './resolve.js';

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** One line each: the file, the key, what about it. */
  readonly warnings: readonly string[];
  /** As written, with the source of every value. */
  readonly merged: Merged;
}

/**
 * The configuration of an agent: flags over environment over files over defaults. Everything wrong in all of the files
 * is reported in one INVALID_ARGUMENT, each with its file and key in `details.violations`.
 */
export async function loadConfig(flags: AgentFlags, environment: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const dev = flags.dev === true;
  const given = [...environmentLayers(environment), ...flagLayers(flags)];
  const files = await readConfigFiles(flags.configFile ?? [], flags.configDir ?? []);
  const inspected = inspectAll(files, given);
  const merged = mergeLayers([defaultLayer(dev, environment), ...inspected.layers]);
  const definitions = decodeDefinitions(merged.config, () => {});
  return { config: resolveConfig(merged, definitions, dev), warnings: inspected.warnings, merged };
}

function inspectAll(files: readonly ConfigFile[], given: readonly Layer[]): { layers: Layer[]; warnings: string[] } {
  const warnings: string[] = [];
  const errors: Violation[] = [];
  const take = (source: string, finding: Finding): void => {
    const where = finding.path === '' ? source : `${source}: ${finding.path}`;
    if (finding.level === 'warning') warnings.push(`${where} ${finding.message}`);
    else errors.push({ field: where, rule: finding.message });
  };
  const layers = files.map(({ path, value }): Layer => {
    const { config, findings } = inspectConfig(value);
    const joined = joinSingles(config);
    for (const finding of findings) take(path, finding);
    if (findings.every((finding) => finding.level !== 'error'))
      decodeDefinitions(joined, (finding) => take(path, finding));
    return { source: path, config: joined };
  });
  for (const layer of given) for (const finding of inspectConfig(layer.config).findings) take(layer.source, finding);
  if (errors.length > 0) throw refuse(errors);
  return { layers: [...layers, ...given], warnings };
}

function refuse(errors: readonly Violation[]): ServiceDiscoveryError {
  const [first] = errors;
  const message =
    errors.length === 1 ? `${first?.field} ${first?.rule}` : `the configuration has ${errors.length} mistakes`;
  return new ServiceDiscoveryError('INVALID_ARGUMENT', message, { details: { violations: errors } });
}
