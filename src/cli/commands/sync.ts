import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { SyncReport } from '../../consul/index.js';
import {
  printJson,
  untilStopped,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import type { Io } from '../io.js';
import { Screen } from '../output/screen.js';
import { syncText } from '../output/sync-text.js';

interface Flags extends ClientFlags {
  readonly watch?: boolean;
}

const LOOK_EVERY_MS = 1_000;

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('sync')
        .description('How the agent is in sync with others: connections, lag, conflicts, deletions it still speaks of.')
        .option('--watch', 'again every second, until Ctrl-C'),
    ).action((flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const report = async (): Promise<SyncReport> => (await agent.sync.report()).value;
        if (flags.watch !== true) return show(io, await report(), flags);
        const signal = untilStopped();
        const screen = new Screen(io);
        while (!signal.aborted) {
          const now = await report();
          if (flags.json === true) io.out(`${JSON.stringify(now)}\n`);
          else if (io.terminal) screen.show(syncText(io, now));
          else io.out(`${syncText(io, now)}\n`);
          await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
        }
      }),
    ),
    [
      ['datapunk sync', 'once'],
      ['datapunk sync --watch', 'live'],
      ['datapunk sync --json', 'everything there is, counters included'],
    ],
  );

function show(io: Io, report: SyncReport, flags: Flags): void {
  if (flags.json === true) printJson(io, report);
  else io.out(syncText(io, report));
}
