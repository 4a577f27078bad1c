import { Command } from 'commander';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('leave').description(
        'Makes the agent go for good and stop: what was registered with it leaves every catalog. To restart it, stop the process instead.',
      ),
    ).action((flags: ClientFlags) =>
      useAgent(session, flags, async (agent) => {
        await agent.agent.leave();
        if (flags.json === true) printJson(session.io, { left: true });
        else session.io.out('the agent has left and stops\n');
      }),
    ),
    [
      ['datapunk leave', 'the agent of this machine'],
      ['datapunk leave --http-addr 10.0.0.2:8500', 'another one'],
    ],
  );
