import { Command, Option } from 'commander';
import type { ConsulCheck } from '../../consul/index.js';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { printable } from '../output/printable.js';
import { table } from '../output/table.js';

interface Flags extends ClientFlags {
  readonly service?: string;
  readonly reason?: string;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('maint')
        .description(
          'Takes an instance, or the whole node, out of discovery and back. Without on or off: what is out now.',
        )
        .argument('[state]', 'on or off')
        .addOption(new Option('--service <id>', 'an instance; default: the node'))
        .option('--reason <text>', 'shown with the check'),
    ).action((state: string | undefined, flags: Flags, self: Command) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        if (state === undefined) {
          const checks = Object.values((await agent.agent.checks()).value);
          const out = checks.filter((check) => /^_(node|service)_maintenance/.test(check.CheckID));
          if (flags.json === true) return printJson(io, out);
          if (out.length === 0) return io.out('nothing is in maintenance\n');
          return io.out(
            table(
              io,
              [
                { title: 'IN MAINTENANCE', value: whatIsOut },
                { title: 'REASON', value: (check) => check.Notes },
              ],
              out,
            ),
          );
        }
        if (state !== 'on' && state !== 'off') self.error(`error: the state must be on or off, not "${state}"`);
        const { service, reason } = flags;
        if (service === undefined) await agent.agent.maintenance(state === 'on', { reason });
        else await agent.agent.serviceMaintenance(service, state === 'on', { reason });
        const what = service ?? 'the node';
        if (flags.json === true) printJson(io, { service: flags.service ?? null, maintenance: state === 'on' });
        else io.out(`${printable(what)} is ${state === 'on' ? 'in maintenance' : 'back'}\n`);
      }),
    ),
    [
      ['datapunk maint on --service api-1 --reason "upgrade"', 'nobody is sent to api-1 any more'],
      ['datapunk maint off --service api-1', 'back'],
      ['datapunk maint', 'what is out now'],
    ],
  );

function whatIsOut(check: ConsulCheck): string {
  return check.ServiceID === '' ? '(the node)' : check.ServiceID;
}
