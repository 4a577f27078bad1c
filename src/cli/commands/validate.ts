import { Command } from 'commander';
import { printJson, withExamples, type CommandFactory } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportError } from '../report-error.js';
import { isDiscoveryError } from '../../model/index.js';
import { plural } from '../output/words.js';

export const command: CommandFactory = (session) =>
  withExamples(
    new Command('validate')
      .description('Checks configuration files as the agent would read them together, without starting anything.')
      .argument('<file...>', 'files, and directories of *.json; later ones win')
      .option('--json', 'print JSON, for programs')
      .action(async (files: readonly string[], flags: { readonly json?: boolean }) => {
        const { io } = session;
        const { loadConfig, proveConfig } = await import('../../agent/index.js');
        try {
          const { warnings, config } = await loadConfig({ configFile: files }, {});
          await proveConfig(config);
          if (flags.json === true) return printJson(io, { valid: true, errors: [], warnings });
          for (const warning of warnings) io.err(`${io.paint('yellow', 'warning:')} ${warning}\n`);
          const defined = [plural(config.services.length, 'service'), plural(config.nodeChecks.length, 'node check')];
          io.out(`${io.paint('green', 'valid')}: ${defined.join(', ')}\n`);
        } catch (error) {
          if (!isDiscoveryError(error)) throw error;
          session.exitWith(exitCodes.failure);
          if (flags.json !== true) return reportError(io, error);
          const violations = error.details.violations?.map(({ field, rule }) => `${field} ${rule}`);
          printJson(io, { valid: false, errors: violations ?? [error.message], warnings: [] });
        }
      }),
    [
      ['datapunk validate agent.json', 'one file'],
      ['datapunk validate base.json conf.d', 'a file, then all of a directory'],
    ],
  );
