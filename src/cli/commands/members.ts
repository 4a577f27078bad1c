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
import { table } from '../output/table.js';
import { hostPort } from '../output/words.js';

/** docs/contract.md section 3.1. */
const STATUS: ReadonlyMap<number, string> = new Map([
  [1, 'alive'],
  [2, 'leaving'],
  [3, 'left'],
  [4, 'failed'],
]);

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(new Command('members').description('The agents this one knows, and whether they live.')).action(
      (flags: ClientFlags) =>
        useAgent(session, flags, async (agent) => {
          const { io } = session;
          const members = (await agent.agent.members()).value;
          if (flags.json === true) return printJson(io, members);
          const status = (member: ConsulMember): string => STATUS.get(member.Status) ?? String(member.Status);
          io.out(
            table(
              io,
              [
                { title: 'NODE', value: (member) => member.Name },
                { title: 'ADDRESS', value: (member) => hostPort(member.Addr, member.Port) },
                { title: 'STATUS', value: (member) => io.paint(member.Status === 1 ? 'green' : 'red', status(member)) },
                { title: 'DC', value: (member) => member.Tags?.['dc'] ?? '-' },
                { title: 'ROLE', value: (member) => member.Tags?.['role'] ?? '-' },
              ],
              members,
            ),
          );
        }),
    ),
    [['datapunk members', 'all agents']],
  );
