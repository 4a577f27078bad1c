import { Command } from 'commander';
import { endpointOf, type ConsulServiceEntry } from '../../consul/index.js';
import {
  collect,
  printJson,
  useAgent,
  withDatacenter,
  withExamples,
  type CommandFactory,
  type DatacenterFlags,
} from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { endpointTable } from '../output/endpoint-table.js';

interface Flags extends DatacenterFlags {
  readonly tag?: readonly string[];
  readonly filter?: string;
  readonly near?: string;
  readonly all?: boolean;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withDatacenter(
      new Command('discover')
        .description('Where a service runs, now: its instances whose checks all pass.')
        .argument('<name>', 'service')
        .option('--tag <tag>', 'only instances with this tag (repeatable: all of them)', collect)
        .option('--filter <expression>', 'only instances that the filter expression keeps')
        .option('--near <node>', 'sort by distance from this node ("_agent": the agent asked)')
        .option('--all', 'instances that are not passing too'),
    ).action((name: string, flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const { tag: tags, filter, near, dc: datacenter } = flags;
        const passing = flags.all !== true;
        const found = await agent.health.service(name, { tags, filter, near, passing, datacenter });
        const endpoints = found.value.map(endpointOf);
        if (flags.json === true) printJson(io, endpoints);
        else if (endpoints.length > 0) io.out(endpointTable(io, endpoints));
        if (endpoints.length > 0) return;
        session.exitWith(exitCodes.notFound);
        io.err(`${whyNone((await agent.health.service(name, { datacenter })).value, name, flags)}\n`);
      }),
    ),
    [
      ['datapunk discover api', 'addresses of healthy instances'],
      ['datapunk discover api --dc dc2', 'in another datacenter'],
      ['datapunk discover api --tag v2 --tag canary', 'with both tags'],
      [`datapunk discover api --filter 'Service.Meta.version == "1.0.0"'`, 'by metadata'],
      ['datapunk discover api --json | jq -r .[0].address', 'for a script'],
    ],
  );

/** No such service, none that fits, and none that is healthy are three answers. */
function whyNone(every: readonly ConsulServiceEntry[], name: string, flags: Flags): string {
  if (every.length === 0) return `no service "${name}" is registered; "datapunk services" lists those that are`;
  if (flags.tag !== undefined || flags.filter !== undefined) return `no instance of "${name}" fits`;
  return `"${name}" has ${every.length} registered, none of them passing; "datapunk health ${name}" shows why`;
}
