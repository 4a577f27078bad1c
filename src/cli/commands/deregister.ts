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
  readonly node?: string;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('deregister')
        .description('Removes an instance, with its checks, from the agent it is registered with.')
        .argument('<id>', 'instance id, not the service name')
        .option('--node <name>', 'an instance of another node, from the catalog'),
    ).action((id: string, flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        if (flags.node === undefined) await agent.agent.deregister(id);
        else await agent.catalog.deregister({ Node: flags.node, ServiceID: id });
        if (flags.json === true) printJson(io, { id, deregistered: true });
        else io.out(`deregistered ${printable(id)}\n`);
      }),
    ),
    [
      ['datapunk deregister api-1', 'an instance of this agent'],
      ['datapunk deregister api-1 --node db7', 'one that another node wrote'],
    ],
  );
