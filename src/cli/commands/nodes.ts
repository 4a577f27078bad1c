import { Command } from 'commander';
import {
  collect,
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { statusOf, type CheckJson, type NodeJson } from '../consul-shapes.js';
import { table } from '../output/table.js';
import { pairs, statusText } from '../output/words.js';

interface Flags extends ClientFlags {
  readonly filter?: string;
  readonly nodeMeta?: readonly string[];
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('nodes')
        .description('The nodes of the catalog, with the health of their own checks.')
        .option('--filter <expression>', 'only nodes that the filter expression keeps')
        .option('--node-meta <key:value>', 'only nodes with this metadata (repeatable)', collect),
    ).action((flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const nodes = await agent.get<NodeJson[]>('/v1/catalog/nodes', {
          filter: flags.filter,
          'node-meta': flags.nodeMeta,
        });
        if (flags.json === true) return printJson(io, nodes);
        const health = ownHealth(await agent.get<CheckJson[]>('/v1/health/state/any'));
        io.out(
          table(
            io,
            [
              { title: 'NODE', value: (node) => node.Node },
              { title: 'ADDRESS', value: (node) => node.Address },
              { title: 'STATUS', value: (node) => statusText(io.paint, health(node.Node)) },
              { title: 'DC', value: (node) => node.Datacenter },
              { title: 'ID', value: (node) => (node.ID === '' ? '-' : node.ID) },
              { title: 'META', value: (node) => pairs(node.Meta) },
            ],
            nodes,
          ),
        );
      }),
    ),
    [
      ['datapunk nodes', 'all nodes'],
      ['datapunk nodes --node-meta rack:r1', 'by metadata'],
      [`datapunk nodes --filter 'Address matches "^10\\\\."'`, 'by expression'],
    ],
  );

function ownHealth(checks: readonly CheckJson[]): (node: string) => string {
  const byNode = new Map<string, CheckJson[]>();
  for (const check of checks) {
    if (check.ServiceID !== '') continue;
    const own = byNode.get(check.Node);
    if (own) own.push(check);
    else byNode.set(check.Node, [check]);
  }
  return (node) => {
    const own = byNode.get(node);
    return own ? statusOf(own) : 'no check';
  };
}
