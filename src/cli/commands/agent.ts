import { Command } from 'commander';
import { isDiscoveryError } from '../../model/index.js';
import type { AgentFlags } from '../../agent/index.js';
import { collect, printJson, withExamples, type CommandFactory, type Session } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { table } from '../output/table.js';
import { reportError } from '../report-error.js';

interface Flags extends AgentFlags {
  readonly printConfig?: boolean;
  readonly json?: boolean;
}

export const command: CommandFactory = (session) =>
  withExamples(
    new Command('agent')
      .description(
        'Runs the agent in this process, until SIGTERM or Ctrl-C. SIGHUP reads services, checks and log level again.',
      )
      .option('--dev', 'everything in memory, on loopback; no files')
      .option('--config-file <file>', 'JSON with Consul’s key names (repeatable: later ones win)', collect)
      .option('--config-dir <dir>', 'all *.json of a directory, in lexical order (repeatable)', collect)
      .option('--data-dir <dir>', 'where the state is kept; made when absent (DATAPUNK_DATA_DIR)')
      .option('--node <name>', 'name of this node; default: the host name (DATAPUNK_NODE_NAME)')
      .option('--datacenter <dc>', 'default: dc1 (DATAPUNK_DATACENTER)')
      .option('--http-addr <host:port>', 'HTTP API; default: 127.0.0.1:8500, port 0: any free one (DATAPUNK_HTTP_ADDR)')
      .option('--dns-addr <host:port>', 'DNS over UDP and TCP; default: 127.0.0.1:8600 (DATAPUNK_DNS_ADDR)')
      .option(
        '--peer-addr <host:port>',
        'where other agents meet this one; default: 127.0.0.1:8301, none with --dev (DATAPUNK_PEER_ADDR)',
      )
      .option(
        '--join <host:port>',
        'another agent to meet, tried until it answers (repeatable, DATAPUNK_JOIN)',
        collect,
      )
      .option('--log-level <level>', 'trace, debug, info, warn or error; default: info (DATAPUNK_LOG_LEVEL)')
      .option('--print-config', 'print every value with its source, and end')
      .option('--json', 'with --print-config: as JSON')
      .action(async (flags: Flags) => {
        try {
          await (flags.printConfig === true ? printConfig(session, flags) : runAgent(session, flags));
        } catch (error) {
          // Whatever the reason, an agent that does not start ends with 1.
          if (!isDiscoveryError(error)) throw error;
          reportError(session.io, error);
          session.exitWith(exitCodes.failure);
        }
      }),
    [
      ['datapunk agent --dev', 'to try things; nothing is kept'],
      ['datapunk agent --data-dir ./data', 'durable'],
      ['datapunk agent --config-file agent.json --print-config', 'what would it run with, and why'],
      ['datapunk agent --data-dir ./data --peer-addr 10.0.0.2:8301 --join 10.0.0.1:8301', 'one of several'],
      [
        'datapunk agent --dev --http-addr 127.0.0.1:0 --dns-addr 127.0.0.1:0',
        'on free ports; the ready line names them',
      ],
    ],
  );

async function printConfig({ io }: Session, flags: Flags): Promise<void> {
  const { loadConfig, printedValues } = await import('../../agent/index.js');
  const loaded = await loadConfig(flags, io.environment);
  const values = printedValues(loaded.merged);
  if (flags.json === true) return printJson(io, values);
  for (const warning of loaded.warnings) io.err(`${io.paint('yellow', 'warning:')} ${warning}\n`);
  io.out(
    table(
      io,
      [
        { title: 'KEY', value: ({ key }) => key },
        { title: 'VALUE', value: ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)) },
        { title: 'SOURCE', value: ({ source }) => source },
      ],
      values,
    ),
  );
}

async function runAgent(session: Session, flags: Flags): Promise<void> {
  const { runUntilSignal } = await import('../../agent/index.js');
  const outcome = await runUntilSignal({
    flags,
    environment: session.io.environment,
    ready: (line) => session.io.out(`${line}\n`),
  });
  session.exitWith(outcome === 'stopped' ? exitCodes.ok : exitCodes.failure);
}
