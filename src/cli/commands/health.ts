import { Command } from 'commander';
import { consulPath, statusOf, type ConsulCheck, type ConsulClient } from '../../consul/index.js';
import { notFound } from '../../model/index.js';
import { mapAtOnce } from '../../runtime/index.js';
import {
  printJson,
  useAgent,
  wholeNumber,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import type { Io } from '../io.js';
import { table } from '../output/table.js';
import { ago, statusText } from '../output/words.js';

interface Flags extends ClientFlags {
  readonly history: number;
}

interface FlipJson {
  readonly Time: string;
  readonly From: string;
  readonly To: string;
  readonly Output: string;
}

interface HistoryJson {
  readonly Flapping: boolean;
  readonly Changes: readonly FlipJson[];
}

/** A check with its last changes of status, newest last; an agent that keeps no history gives none. */
interface CheckWithHistory extends ConsulCheck {
  readonly Flapping: boolean;
  readonly History: readonly FlipJson[];
}

const OUTPUT_CHARS = 120;

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('health')
        .description('The checks of a service and how they changed; without a name, every check that is not passing.')
        .argument('[name]', 'service')
        .option('--history <count>', 'changes of status to show', wholeNumber, 10),
    ).action((name: string | undefined, flags: Flags) =>
      useAgent(session, flags, (agent) =>
        name === undefined ? showTroubles(session.io, agent, flags) : showService(session.io, agent, name, flags),
      ),
    ),
    [
      ['datapunk health api', 'its checks, and when they turned'],
      ['datapunk health', 'what is wrong anywhere'],
      ['datapunk health api --json', 'for a script'],
    ],
  );

async function showTroubles(io: Io, agent: ConsulClient, flags: Flags): Promise<void> {
  const checks = (await agent.health.state('any')).value;
  const troubles = checks.filter((check) => check.Status !== 'passing');
  if (flags.json === true) printJson(io, troubles);
  else io.out(troubles.length === 0 ? `all ${checks.length} checks pass\n` : checkTable(io, troubles));
}

async function showService(io: Io, agent: ConsulClient, name: string, flags: Flags): Promise<void> {
  const instances = (await agent.health.service(name)).value;
  if (instances.length === 0)
    throw notFound(`no service "${name}" is registered; "datapunk services" lists those that are`);
  const live = await liveChecks(agent);
  const shown = await mapAtOnce(instances, 4, async ({ Node, Service, Checks }) => ({
    node: Node.Node,
    id: Service.ID,
    status: statusOf(Checks),
    checks: await mapAtOnce(Checks, 4, (check) => withHistory(agent, live(check))),
  }));
  if (flags.json === true) return printJson(io, shown);
  const checks = uniqueChecks(shown.flatMap((instance) => instance.checks));
  io.out(checkTable(io, checks));
  io.out(historyText(io, checks, flags.history));
}

/** The agent knows the last output of its own checks at once; the catalog shows a new one only after minutes. */
async function liveChecks(agent: ConsulClient): Promise<(check: ConsulCheck) => ConsulCheck> {
  const own = new Map(Object.entries((await agent.agent.checks()).value));
  return (check) => {
    const found = own.get(check.CheckID);
    return found?.Node === check.Node ? { ...check, Status: found.Status, Output: found.Output } : check;
  };
}

/** The node's own checks count for each of its instances; once is enough to look at. */
function uniqueChecks(checks: readonly CheckWithHistory[]): readonly CheckWithHistory[] {
  return [...new Map(checks.map((check) => [`${check.Node}\u0000${check.CheckID}`, check])).values()];
}

async function withHistory(agent: ConsulClient, check: ConsulCheck): Promise<CheckWithHistory> {
  const answer = await agent.call('GET', consulPath`/v1/internal/health-history/${check.CheckID}`, {
    query: { node: check.Node },
    accept: [404],
  });
  if (answer.status === 404) return { ...check, Flapping: false, History: [] };
  const { Flapping, Changes } = JSON.parse(answer.value.toString('utf8')) as HistoryJson;
  return { ...check, Flapping, History: Changes };
}

function checkTable(io: Io, checks: readonly (ConsulCheck | CheckWithHistory)[]): string {
  return table(
    io,
    [
      { title: 'INSTANCE', value: (check) => (check.ServiceID === '' ? '(node)' : check.ServiceID) },
      { title: 'NODE', value: (check) => check.Node },
      { title: 'CHECK', value: (check) => (check.Name === '' ? check.CheckID : check.Name) },
      {
        title: 'STATUS',
        value: (check) =>
          statusText(io.paint, check.Status) + ('Flapping' in check && check.Flapping ? ' (flapping)' : ''),
      },
      { title: 'OUTPUT', value: (check) => firstLine(check.Output === '' ? check.Notes : check.Output) },
    ],
    checks,
  );
}

function historyText(io: Io, checks: readonly CheckWithHistory[], count: number): string {
  const flips = checks
    .flatMap((check) => check.History.map((flip) => ({ ...flip, check })))
    .sort((a, b) => (a.Time < b.Time ? -1 : 1))
    .slice(-count || Number.POSITIVE_INFINITY);
  if (flips.length === 0) return '';
  const body = table(
    io,
    [
      { title: 'WHEN', value: (flip) => ago(Date.now() - Date.parse(flip.Time)) },
      { title: 'CHECK', value: ({ check }) => (check.Name === '' ? check.CheckID : check.Name) },
      { title: 'CHANGE', value: (flip) => `${statusText(io.paint, flip.From)} → ${statusText(io.paint, flip.To)}` },
      { title: 'OUTPUT', value: (flip) => firstLine(flip.Output) },
    ],
    flips,
  );
  return `\n${body}`;
}

function firstLine(text: string): string {
  const line = text.split('\n')[0] as string;
  return line.length > OUTPUT_CHARS ? `${line.slice(0, OUTPUT_CHARS)}…` : line;
}
