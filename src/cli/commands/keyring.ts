import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import type { ConsulClient, ConsulKeyring } from '../../consul/index.js';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
  type Session,
} from '../command.js';
import { table } from '../output/table.js';

/** Of AES-256, as `encrypt` takes it. */
const KEY_BYTES = 32;

export const command: CommandFactory = (session) =>
  withExamples(
    new Command('keyring')
      .description('The keys that traffic between agents is encrypted with.')
      .addCommand(generate(session))
      .addCommand(show(session))
      .addCommand(
        change(session, {
          name: 'install',
          says: 'Gives a key to every agent; nothing is encrypted with it yet.',
          done: 'installed',
          run: (agent, key) => agent.operator.installKey(key),
        }),
      )
      .addCommand(
        change(session, {
          name: 'use',
          says: 'Encrypts with an installed key from now on. First look that every agent has it.',
          done: 'in use',
          run: (agent, key) => agent.operator.useKey(key),
        }),
      )
      .addCommand(
        change(session, {
          name: 'remove',
          says: 'Takes a key from every agent; not the one in use.',
          done: 'removed',
          run: (agent, key) => agent.operator.removeKey(key),
        }),
      ),
    [
      ['datapunk keyring generate', 'a new key, for "encrypt" of the configuration'],
      ['datapunk keyring list', 'how many agents have which'],
      ['datapunk keyring install KEY', 'rotation: first everybody gets it,'],
      ['datapunk keyring use KEY', 'then it is used,'],
      ['datapunk keyring remove OLD', 'then the old one goes'],
    ],
  );

function generate({ io }: Session): Command {
  return withExamples(
    new Command('generate')
      .description('Prints a new key: 32 random bytes in base64. No agent is asked.')
      .action(() => {
        io.out(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
      }),
    [['datapunk keyring generate', 'the same as "consul keygen"']],
  );
}

function show(session: Session): Command {
  return withExamples(
    withClientOptions(
      new Command('list').description('Keys, and how many agents are known to have them. They are secrets.'),
    ).action((flags: ClientFlags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const rings = (await agent.operator.keyring()).value;
        if (flags.json === true) return printJson(io, rings);
        io.out(
          table(
            io,
            [
              { title: 'KEY', value: (row) => row.key },
              { title: 'AGENTS', value: (row) => `${row.agents} of ${row.ring.NumNodes}`, align: 'right' },
              { title: 'IN USE', value: (row) => (row.isPrimary ? io.paint('green', 'yes') : 'no') },
              { title: 'DC', value: (row) => `${row.ring.Datacenter}${row.ring.WAN ? ' (wan)' : ''}` },
            ],
            rings.flatMap(keysOf),
          ),
        );
      }),
    ),
    [
      ['datapunk keyring list', ''],
      ['datapunk keyring list --json', 'for a script'],
    ],
  );
}

function keysOf(ring: ConsulKeyring) {
  return Object.entries(ring.Keys).map(([key, agents]) => {
    return { key, agents, ring, isPrimary: ring.PrimaryKeys !== undefined && Object.hasOwn(ring.PrimaryKeys, key) };
  });
}

interface Change {
  readonly name: string;
  readonly says: string;
  readonly done: string;
  readonly run: (agent: ConsulClient, key: string) => Promise<void>;
}

function change(session: Session, { name, says, done, run }: Change): Command {
  return withExamples(
    withClientOptions(new Command(name).description(says).argument('<key>', 'base64, 32 bytes')).action(
      (key: string, flags: ClientFlags) =>
        useAgent(session, flags, async (agent) => {
          await run(agent, key);
          if (flags.json === true) printJson(session.io, { [name]: true });
          else session.io.out(`the key is ${done}\n`);
        }),
    ),
    [[`datapunk keyring ${name} pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=`, '']],
  );
}
