import { Command } from 'commander';
import { statusOf, type ConsulCheck } from '../../consul/index.js';
import {
  collectMeta,
  printJson,
  useAgent,
  withDatacenter,
  withExamples,
  type CommandFactory,
  type DatacenterFlags,
} from '../command.js';
import { table } from '../output/table.js';
import { pairs, statusText } from '../output/words.js';

interface Flags extends DatacenterFlags {
  readonly filter?: string;
  readonly nodeMeta?: ReadonlyMap<string, string>;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withDatacenter(
      new Command('nodes')
        .description('The nodes of the catalog, with the health of their own checks.')
        .option('--filter <expression>', 'only nodes that the filter expression keeps')
        .option('--node-meta <key:value>', 'only nodes with this metadata (repeatable)', collectMeta),
    ).action((flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const { filter, nodeMeta, dc: datacenter } = flags;
        const { value: nodes } = await agent.catalog.nodes({
          filter,
          datacenter,
          nodeMeta: nodeMeta && Object.fromEntries(nodeMeta),
        });
        if (flags.json === true) return printJson(io, nodes);
        const health = ownHealth((await agent.health.state('any', { datacenter })).value);
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

function ownHealth(checks: readonly ConsulCheck[]): (node: string) => string {
  const byNode = new Map<string, ConsulCheck[]>();
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
