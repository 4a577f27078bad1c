import { Command } from 'commander';
import { asDiscoveryError } from '../../model/index.js';
import type { ConsulClient } from '../../consul/index.js';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { printable } from '../output/printable.js';

interface Flags extends ClientFlags {
  readonly wan?: boolean;
}

interface Outcome {
  readonly address: string;
  readonly error?: string;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('join')
        .description('Makes the agent meet others; from one it learns of all the rest.')
        .argument('<address...>', 'HOST or HOST:PORT, the peer port of an agent (default 8301)')
        .option('--wan', 'an agent of another datacenter'),
    ).action((addresses: readonly string[], flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const outcomes: Outcome[] = [];
        for (const address of addresses) outcomes.push(await join(agent, address, flags.wan));
        if (outcomes.every(({ error }) => error !== undefined)) session.exitWith(exitCodes.failure);
        if (flags.json === true) return printJson(io, outcomes);
        for (const { address, error } of outcomes) {
          if (error === undefined) io.out(`joined ${printable(address)}\n`);
          else io.err(`${io.paint('red', 'error:')} ${printable(`${address}: ${error}`)}\n`);
        }
      }),
    ),
    [
      ['datapunk join 10.0.0.2', 'the agent there, and whomever it knows'],
      ['datapunk join 10.0.0.2:8301 [fd00::3]:8301', 'several: one that answers is enough'],
      ['datapunk join --wan 10.7.0.1', 'the agents of another datacenter'],
    ],
  );

/** The others are still tried after one that refuses; an agent that cannot be asked at all ends it. */
async function join(agent: ConsulClient, address: string, wan: boolean | undefined): Promise<Outcome> {
  try {
    await agent.agent.join(address, { wan });
    return { address };
  } catch (cause) {
    const error = asDiscoveryError(cause, 'join');
    if (error.details['httpStatus'] === undefined) throw error;
    return { address, error: error.message };
  }
}
