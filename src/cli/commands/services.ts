import { Command } from 'commander';
import { endpointsOf, statusOf, type ConsulClient } from '../../consul/index.js';
import {
  printJson,
  useAgent,
  withDatacenter,
  withExamples,
  type CommandFactory,
  type DatacenterFlags,
} from '../command.js';
import { mapAtOnce } from '../../runtime/index.js';
import type { Io, Paint } from '../io.js';
import { endpointTable } from '../output/endpoint-table.js';
import { table } from '../output/table.js';
import { list, statusText } from '../output/words.js';

interface Flags extends DatacenterFlags {
  readonly filter?: string;
}

interface ServiceSummary {
  readonly name: string;
  readonly tags: readonly string[];
  readonly instances: number;
  /** Status word → how many instances. */
  readonly health: Readonly<Record<string, number>>;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withDatacenter(
      new Command('services')
        .description(
          'All services with the health of their instances; with --filter, the instances of any service that fit.',
        )
        .option('--filter <expression>', 'search all instances by metadata, tags, node, health'),
    ).action((flags: Flags) =>
      useAgent(session, flags, (agent) =>
        flags.filter === undefined
          ? listServices(session.io, agent, flags)
          : search(session.io, agent, flags, flags.filter),
      ),
    ),
    [
      ['datapunk services', 'what is registered'],
      [`datapunk services --filter 'Service.Meta.environment == "production"'`, 'instances of any service'],
      ['datapunk services --dc dc2', 'in another datacenter'],
      ['datapunk services --json', 'for a script'],
    ],
  );

async function listServices(io: Io, agent: ConsulClient, flags: Flags): Promise<void> {
  const { value: catalog } = await agent.catalog.services({ datacenter: flags.dc });
  const names = Object.keys(catalog).sort();
  const services = await mapAtOnce(names, 16, (name) => summarise(agent, name, catalog[name] ?? [], flags.dc));
  if (flags.json === true) return printJson(io, services);
  io.out(
    table(
      io,
      [
        { title: 'SERVICE', value: (service) => service.name },
        { title: 'INSTANCES', value: (service) => String(service.instances), align: 'right' },
        { title: 'HEALTH', value: (service) => healthText(io.paint, service.health) },
        { title: 'TAGS', value: (service) => list(service.tags) },
      ],
      services,
    ),
  );
}

async function summarise(
  agent: ConsulClient,
  name: string,
  tags: readonly string[],
  datacenter: string | undefined,
): Promise<ServiceSummary> {
  const { value: instances } = await agent.health.service(name, { datacenter });
  const health = new Map<string, number>();
  for (const { Checks } of instances) {
    const status = statusOf(Checks);
    health.set(status, (health.get(status) ?? 0) + 1);
  }
  return { name, tags: [...tags].sort(), instances: instances.length, health: Object.fromEntries(health) };
}

function healthText(paint: Paint, health: Readonly<Record<string, number>>): string {
  const words = ['passing', 'warning', 'critical', 'maintenance'].filter((status) => (health[status] ?? 0) > 0);
  return list(words.map((status) => statusText(paint, status).replace(status, `${health[status]} ${status}`)));
}

async function search(io: Io, agent: ConsulClient, flags: Flags, filter: string): Promise<void> {
  const found = await agent.call('GET', '/v1/internal/search', { query: { filter }, datacenter: flags.dc });
  const endpoints = endpointsOf(JSON.parse(found.value.toString('utf8')));
  if (flags.json === true) return printJson(io, endpoints);
  io.out(endpoints.length === 0 ? 'no instance fits\n' : endpointTable(io, endpoints));
}
