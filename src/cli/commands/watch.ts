import { Command } from 'commander';
import { isDiscoveryError, type ServiceDiscoveryError } from '../../model/index.js';
import {
  collect,
  untilStopped,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { endpointOf, type EndpointJson, type InstanceJson } from '../consul-shapes.js';
import { route } from '../http-client.js';
import type { Io } from '../io.js';
import { pause } from '../pause.js';
import { endpointTable } from '../output/endpoint-table.js';
import { printable } from '../output/printable.js';
import { hostPort, statusText } from '../output/words.js';
import { Screen } from '../output/screen.js';

interface Flags extends ClientFlags {
  readonly tag?: readonly string[];
  readonly filter?: string;
  readonly passing?: boolean;
}

/** Shown to whoever watches; the set stays the last one known while the agent is away. */
interface View {
  set(endpoints: readonly EndpointJson[]): void;
  lost(error: ServiceDiscoveryError): void;
}

const RETRY_MS = [500, 1_000, 2_000, 5_000];

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
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
        const query = { tag: flags.tag, filter: flags.filter, passing: flags.passing };
        let failures = 0;
        while (!signal.aborted) {
          try {
            for await (const instances of agent.follow<InstanceJson[]>(
              route`/v1/health/service/${name}`,
              query,
              signal,
            )) {
              failures = 0;
              view.set(instances.map(endpointOf));
            }
          } catch (error) {
            if (signal.aborted) return;
            if (!isAway(error)) throw error;
            view.lost(error);
            await pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] as number, signal);
          }
        }
      });
    }),
    [
      ['datapunk watch api', 'until Ctrl-C'],
      ['datapunk watch api --passing --json', 'a full set per line, for a program'],
    ],
  );

function isAway(error: unknown): error is ServiceDiscoveryError {
  return isDiscoveryError(error, 'UNAVAILABLE') || isDiscoveryError(error, 'TIMEOUT');
}

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
  let before = new Map<string, EndpointJson>();
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

function line(io: Io, at: EndpointJson): string {
  return `${printable(at.id)} ${hostPort(printable(at.address), at.port)} ${statusText(io.paint, at.status)}`;
}
