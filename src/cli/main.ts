import { Command, CommanderError } from 'commander';
import type { CommandFactory, Session } from './command.js';
import { exitCodeHelp, exitCodeOf, exitCodes } from './exit-codes.js';
import { processIo, type Io } from './io.js';
import { reportError } from './report-error.js';
import { packageVersion } from '../runtime/index.js';

interface Entry {
  readonly summary: string;
  /** Loaded only when it is the one asked for: a listing must not pay for the agent's libraries. */
  readonly load: () => Promise<{ readonly command: CommandFactory }>;
}

/** In the order and groups of the overview. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  Run: {
    agent: {
      summary: 'run the agent: registry, health checks, HTTP API, DNS',
      load: () => import('./commands/agent.js'),
    },
    dev: {
      summary: 'an agent in memory and three small services that call each other',
      load: () => import('./commands/dev.js'),
    },
    doctor: { summary: 'what is wrong, and what to do about it', load: () => import('./commands/doctor.js') },
    validate: { summary: 'check configuration files', load: () => import('./commands/validate.js') },
  },
  Register: {
    register: {
      summary: 'register an instance, or a program for as long as it runs',
      load: () => import('./commands/register.js'),
    },
    deregister: { summary: 'remove an instance', load: () => import('./commands/deregister.js') },
    maint: {
      summary: 'take an instance or the node out of discovery, and back',
      load: () => import('./commands/maint.js'),
    },
  },
  Discover: {
    services: {
      summary: 'list services, or search all instances with --filter',
      load: () => import('./commands/services.js'),
    },
    discover: { summary: 'where a service runs, now', load: () => import('./commands/discover.js') },
    watch: { summary: 'a service, live', load: () => import('./commands/watch.js') },
    health: {
      summary: 'checks of a service and their history, or what is wrong',
      load: () => import('./commands/health.js'),
    },
    dns: { summary: 'ask the agent’s DNS', load: () => import('./commands/dns.js') },
    nodes: { summary: 'list nodes', load: () => import('./commands/nodes.js') },
    explain: {
      summary: 'why a service is answered as it is: owners, checks, duplicates',
      load: () => import('./commands/explain.js'),
    },
  },
  'Among agents': {
    members: { summary: 'the agents this one knows', load: () => import('./commands/members.js') },
    sync: {
      summary: 'connections, lag, conflicts, protected mode',
      load: () => import('./commands/sync.js'),
    },
    join: { summary: 'meet other agents', load: () => import('./commands/join.js') },
    leave: { summary: 'go for good, and stop', load: () => import('./commands/leave.js') },
    'force-leave': { summary: 'declare a dead agent gone for good', load: () => import('./commands/force-leave.js') },
    keyring: { summary: 'keys of the traffic between agents', load: () => import('./commands/keyring.js') },
  },
  State: {
    kv: { summary: 'get, put, delete and list keys', load: () => import('./commands/kv.js') },
    snapshot: { summary: 'save, restore and inspect the whole state', load: () => import('./commands/snapshot.js') },
  },
};

const entries = new Map(Object.values(GROUPS).flatMap((commands) => Object.entries(commands)));

/** Runs one command line; resolves with the exit code. Never throws. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const [name, ...rest] = argv[0] === 'help' ? [argv[1] ?? '--help', '--help'] : argv;
  const state = { code: exitCodes.ok as number };
  const session: Session = { io, exitWith: (code) => (state.code = code) };
  try {
    if (name === undefined || name === '--help' || name === '-h') io.out(overview(io));
    else if (name === '--version' || name === '-V') io.out(`${packageVersion()}\n`);
    else await run(session, name, rest);
    return state.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    reportError(io, error);
    return exitCodeOf(error);
  }
}

async function run(session: Session, name: string, args: readonly string[]): Promise<void> {
  const root = new Command('datapunk');
  settle(root, session.io);
  const entry = entries.get(name);
  if (entry) {
    const { command } = await entry.load();
    root.addCommand(settle(command(session), session.io).summary(entry.summary));
  } else {
    for (const [other, { summary }] of entries) root.command(other).description(summary);
  }
  // Of a command that is not there, also its help is a mistake.
  await root.parseAsync(entry ? [name, ...args] : [name], { from: 'user' });
}

/** Commander's output through ours, and its exits as errors; for sub-commands as well. */
function settle(command: Command, io: Io): Command {
  command
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('(--help shows what can be given, with examples)');
  for (const sub of command.commands) settle(sub, io);
  return command;
}

function overview(io: Io): string {
  const width = Math.max(...[...entries.keys()].map((name) => name.length));
  const groups = Object.entries(GROUPS).map(([title, commands]) => {
    const lines = Object.entries(commands).map(
      ([name, { summary }]) => `  ${io.paint('cyan', name.padEnd(width))}  ${summary}`,
    );
    return `${io.paint('bold', title)}\n${lines.join('\n')}\n`;
  });
  const codes = exitCodeHelp.map(([code, says]) => `  ${String(code).padEnd(width)}  ${says}`);
  return [
    `datapunk ${packageVersion()} – service discovery: register, check, discover\n`,
    'Usage: datapunk COMMAND [OPTIONS]; datapunk COMMAND --help shows examples\n',
    ...groups,
    `${io.paint('bold', 'Exit codes')}\n${codes.join('\n')}\n`,
  ].join('\n');
}
