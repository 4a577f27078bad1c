import { Command } from 'commander';
import { isDiscoveryError, notFound } from '../../model/index.js';
import type { ConsulClient, InstanceExplanation, ServiceExplanation } from '../../consul/index.js';
import {
  printJson,
  useAgent,
  withDatacenter,
  withExamples,
  type CommandFactory,
  type DatacenterFlags,
} from '../command.js';
import type { Io, Style } from '../io.js';
import { stateText } from '../output/member-words.js';
import { printable } from '../output/printable.js';
import { table } from '../output/table.js';
import { hostPort, lasted, statusText } from '../output/words.js';

export const command: CommandFactory = (session) =>
  withExamples(
    withDatacenter(
      new Command('explain')
        .description(
          'Why a service is answered as it is: the agent that owns each instance, and why it is served or not.',
        )
        .argument('<name>', 'service'),
    ).action((name: string, flags: DatacenterFlags) =>
      useAgent(session, flags, async (agent) => {
        const found = await explanationOf(agent, name, flags.dc);
        if (flags.json === true) printJson(session.io, found);
        else print(session.io, found);
      }),
    ),
    [
      ['datapunk explain api', 'every instance with its owner'],
      ['datapunk explain api --dc dc2', 'in another datacenter, as it is known here'],
      ['datapunk explain api --json', 'for a script'],
    ],
  );

async function explanationOf(agent: ConsulClient, name: string, datacenter?: string): Promise<ServiceExplanation> {
  try {
    return (await agent.sync.explain(name, { datacenter })).value;
  } catch (error) {
    if (!isDiscoveryError(error, 'NOT_FOUND')) throw error;
    throw notFound(`no service "${name}" is registered; "datapunk services" lists those that are`);
  }
}

const SERVED: Readonly<Record<InstanceExplanation['served'], readonly [string, Style]>> = {
  everywhere: ['yes', 'green'],
  dns: ['not with ?passing', 'yellow'],
  nowhere: ['no', 'red'],
};

function print(io: Io, { datacenter, contact, instances, shadowed }: ServiceExplanation): void {
  if (!contact.known) {
    const since = contact.lastContactMs > 0 ? ` for ${lasted(contact.lastContactMs)}` : '';
    io.out(
      `${io.paint('yellow', `nobody confirms what is known of ${printable(datacenter)}${since}: it may be old`)}\n\n`,
    );
  }
  io.out(
    table(
      io,
      [
        { title: 'INSTANCE', value: (at) => at.id },
        { title: 'NODE', value: (at) => at.node },
        { title: 'ADDRESS', value: (at) => hostPort(at.address, at.port) },
        { title: 'OWNER', value: ({ owner }) => owner.node || owner.origin.slice(0, 8) },
        { title: 'OWNER IS', value: ({ owner }) => stateText(io.paint, owner.state) },
        { title: 'STATUS', value: (at) => statusText(io.paint, at.status) },
        { title: 'SERVED', value: ({ served }) => io.paint(SERVED[served][1], SERVED[served][0]) },
        { title: 'WHY', value: ({ why }) => why.join('; ') },
      ],
      instances,
    ),
  );
  for (const { node, id, winner, loser, reason } of shadowed) {
    const what = id === '' ? node : `${node}/${id}`;
    io.out(`\n${printable(`${what} is registered by ${loser} as well, which lost to ${winner}: ${reason}`)}\n`);
  }
}
