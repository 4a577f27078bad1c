import { isDiscoveryError, ServiceDiscoveryError, type RegistryCommands } from '../model/index.js';
import type { CheckOptions, Registry } from '../registry/index.js';
import type { AgentConfig, LoadedConfig } from './config/index.js';
import type { AgentLogger } from './logger.js';
import { proveConfig } from './prove-config.js';

/** What configuration files define, kept true: at start, at every reload, and after a snapshot replaced the state. */
export class Definitions {
  constructor(
    private current: AgentConfig,
    private readonly registry: Registry,
    private readonly logger: AgentLogger,
    private readonly loadConfig: (() => Promise<LoadedConfig>) | undefined,
    private readonly runners?: CheckOptions['runners'],
  ) {}

  async apply(config = this.current): Promise<void> {
    try {
      await this.registry.applyConfigDefinitions(config.services, config.nodeChecks);
    } catch (error) {
      // Says which definition it is.
      if (isDiscoveryError(error, 'INVALID_ARGUMENT')) await proveConfig(config, this.runners);
      throw error;
    }
  }

  /** Services, checks and log level are taken over; anything else needs a restart. Nothing changes when a file is wrong. */
  async reload(): Promise<void> {
    if (!this.loadConfig)
      throw new ServiceDiscoveryError('UNSUPPORTED', 'this agent has no configuration to read again');
    const { config, warnings } = await this.loadConfig();
    for (const warning of warnings) this.logger.warn({ warning }, 'config.warning');
    await this.apply(config);
    this.current = config;
    this.logger.setLevel(config.log.level);
    this.logger.info({ services: config.services.length, checks: config.nodeChecks.length }, 'config.reloaded');
  }

  /** The same commands, with a restore that does not lose what the files define. */
  keptBy(commands: RegistryCommands): RegistryCommands {
    const restore: RegistryCommands['restore'] = async (...args) => {
      await commands.restore(...args);
      await this.apply();
    };
    return Object.assign(Object.create(commands) as RegistryCommands, { restore });
  }
}
