import { Command } from 'commander';
import type { ConsulMember } from '../../consul/index.js';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import type { Io } from '../io.js';
import { stateOf, stateText } from '../output/member-words.js';
import { table, type Column } from '../output/table.js';
import { hostPort, lasted, list } from '../output/words.js';

interface Flags extends ClientFlags {
  readonly wan?: boolean;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('members')
        .description('The agents this one knows: whether they live, and how far it has their registrations.')
        .option('--wan', 'those of all datacenters'),
    ).action((flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const { wan } = flags;
        const members = (await agent.agent.members({ wan })).value;
        if (flags.json === true) return printJson(io, members);
        io.out(table(io, columns(io, members), members));
      }),
    ),
    [
      ['datapunk members', 'all agents of the datacenter'],
      ['datapunk members --wan', 'and of others'],
      ['datapunk members --json', 'for a script'],
    ],
  );

/** A Consul tells less: columns that nobody fills are left out. */
function columns(io: Io, members: readonly ConsulMember[]): readonly Column<ConsulMember>[] {
  const ours: readonly Column<ConsulMember>[] = [
    { title: 'VERSION', value: (member) => tag(member, 'discovery') },
    { title: 'PROTOCOL', value: (member) => tag(member, 'protocol') },
    { title: 'LAG', value: (member) => tag(member, 'lag'), align: 'right' },
    { title: 'LAST CONTACT', value: lastContact, align: 'right' },
    { title: 'LOCAL HEALTH', value: (member) => tag(member, 'local_health'), align: 'right' },
    { title: 'IS', value: (member) => list(marks(member)) },
    { title: 'WHY', value: (member) => member.Tags?.['suspect'] ?? member.Tags?.['reason'] ?? '' },
  ];
  return [
    { title: 'NODE', value: (member) => member.Name },
    { title: 'ADDRESS', value: (member) => hostPort(member.Addr, member.Port) },
    { title: 'STATE', value: (member) => stateText(io.paint, stateOf(member)) },
    { title: 'DC', value: (member) => tag(member, 'dc') },
    ...(members.some(isOurs) ? ours : [{ title: 'ROLE', value: (member: ConsulMember) => tag(member, 'role') }]),
  ];
}

function tag({ Tags }: ConsulMember, name: string): string {
  return Tags?.[name] ?? '-';
}

function isOurs({ Tags }: ConsulMember): boolean {
  return Tags?.['discovery'] !== undefined;
}

function lastContact({ Tags }: ConsulMember): string {
  const ms = Tags?.['self'] === undefined ? Number(Tags?.['last_contact_ms']) : Number.NaN;
  return Number.isNaN(ms) ? '-' : lasted(ms);
}

/** Its own node may have been registered anew by another agent while it was away. */
function marks({ Name, Tags }: ConsulMember): readonly string[] {
  const owner = Tags?.['owner'] ?? '';
  const isTakenOver = owner !== '' && owner !== Name && !Name.startsWith(`${owner}.`);
  return [
    ...(Tags?.['self'] === undefined ? [] : ['self']),
    ...(Tags?.['home'] === undefined ? [] : ['home']),
    ...(isTakenOver ? [`owned by ${owner}`] : []),
  ];
}
