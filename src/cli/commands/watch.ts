import { Command } from 'commander';
import { blockingLoop, endpointOf, type BlockingRead, type ConsulServiceEntry } from '../../consul/index.js';
import type { ErrorCode, ServiceDiscoveryError, ServiceEndpoint } from '../../model/index.js';
import { realClock, realRandom } from '../../runtime/index.js';
import {
  collect,
  untilStopped,
  useAgent,
  withDatacenter,
  withExamples,
  type CommandFactory,
  type DatacenterFlags,
} from '../command.js';
import type { Io } from '../io.js';
import { endpointTable } from '../output/endpoint-table.js';
import { printable } from '../output/printable.js';
import { hostPort, statusText } from '../output/words.js';
import { Screen } from '../output/screen.js';

interface Flags extends DatacenterFlags {
  readonly tag?: readonly string[];
  readonly filter?: string;
  readonly passing?: boolean;
}

/** Shown to whoever watches; the set stays the last one known while the agent is away. */
interface View {
  set(endpoints: readonly ServiceEndpoint[]): void;
  lost(error: ServiceDiscoveryError): void;
}

/** Nobody answers; anything else is a mistake that waiting does not mend. */
const AWAY: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT', 'NOT_READY']);

export const command: CommandFactory = (session) =>
  withExamples(
    withDatacenter(
      new Command('watch')
        .description(
          'Shows a service live: a table on a terminal, a line per change in a pipe, a full set per line with --json.',
        )
        .argument('<name>', 'service')
        .option('--tag <tag>', 'only instances with this tag (repeatable: all of them)', collect)
        .option('--filter <expression>', 'only instances that the filter expression keeps')
        .option('--passing', 'only instances whose checks all pass'),
    ).action((name: string, flags: Flags) => {
      const signal = untilStopped();
      const view = viewFor(session.io, name, flags);
      return useAgent(session, flags, async (agent) => {
        const { tag: tags, filter, passing, dc: datacenter } = flags;
        const read: BlockingRead<ConsulServiceEntry[]> = (turn) =>
          agent.health.service(name, { tags, filter, passing, datacenter, ...turn });
        const updates = blockingLoop(read, {
          clock: realClock,
          random: realRandom,
          signal,
        });
        for await (const update of updates) {
          if (update.type === 'answer') view.set(update.answer.value.map(endpointOf));
          if (update.type !== 'failed') continue;
          if (!AWAY.has(update.error.code)) throw update.error;
          view.lost(update.error);
        }
      });
    }),
    [
      ['datapunk watch api', 'until Ctrl-C'],
      ['datapunk watch api --passing --json', 'a full set per line, for a program'],
    ],
  );

function viewFor(io: Io, name: string, flags: Flags): View {
  if (flags.json === true) return jsonView(io);
  return io.terminal ? tableView(io, name) : changeView(io);
}

function jsonView(io: Io): View {
  return {
    set: (endpoints) => io.out(`${JSON.stringify(endpoints)}\n`),
    lost: (error) => io.err(`${error.message}; trying again\n`),
  };
}

function tableView(io: Io, name: string): View {
  const screen = new Screen(io);
  let last = '';
  return {
    set: (endpoints) => {
      const count = `${endpoints.filter((at) => at.healthy).length} of ${endpoints.length} passing`;
      const head = `${io.paint('bold', printable(name))}  ${count}  ${io.paint('dim', new Date().toLocaleTimeString())}`;
      last = `${head}\n\n${endpoints.length === 0 ? 'no instance\n' : endpointTable(io, endpoints)}`;
      screen.show(last);
    },
    lost: (error) => screen.show(`${last}\n${io.paint('red', error.message)}; trying again, the above may be old\n`),
  };
}

/** What changed since the last set, one line each: `+` came, `-` went, `~` is different. */
function changeView(io: Io): View {
  let before = new Map<string, ServiceEndpoint>();
  return {
    set: (endpoints) => {
      const now = new Map(endpoints.map((at) => [`${at.node}\u0000${at.id}`, at]));
      for (const [key, at] of now) {
        const old = before.get(key);
        if (!old) io.out(`+ ${line(io, at)}\n`);
        else if (line(io, old) !== line(io, at)) io.out(`~ ${line(io, at)}\n`);
      }
      for (const [key, at] of before) if (!now.has(key)) io.out(`- ${line(io, at)}\n`);
      before = now;
    },
    lost: (error) => io.err(`${error.message}; trying again\n`),
  };
}

function line(io: Io, at: ServiceEndpoint): string {
  return `${printable(at.id)} ${hostPort(printable(at.address), at.port)} ${statusText(io.paint, at.status)}`;
}
