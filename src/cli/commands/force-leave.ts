import { Command } from 'commander';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { printable } from '../output/printable.js';

interface Flags extends ClientFlags {
  readonly prune?: boolean;
  readonly wan?: boolean;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('force-leave')
        .description('Declares an agent gone that will not come back: its registrations leave every catalog now.')
        .argument('<node>', 'as "datapunk members" names it')
        .option('--prune', 'forget the member as well')
        .option('--wan', 'an agent of another datacenter, NODE.DC'),
    ).action((node: string, flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { prune, wan } = flags;
        await agent.agent.forceLeave(node, { prune, wan });
        if (flags.json === true) printJson(session.io, { node, left: true });
        else session.io.out(`${printable(node)} has left${prune === true ? ' and is forgotten' : ''}\n`);
      }),
    ),
    [
      ['datapunk force-leave web-3', 'its machine burnt down'],
      ['datapunk force-leave --prune web-3', 'and nobody is to see its name again'],
    ],
  );
