import { Command } from 'commander';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { dnsPlace } from '../dns-address.js';
import { lookAtAgent, type AgentFacts } from '../doctor/agent-findings.js';
import { lookAtDns } from '../doctor/dns-findings.js';
import { ok, warning, type Finding } from '../doctor/finding.js';
import { lookAtDataDir, lookAtDescriptors } from '../doctor/machine-findings.js';
import { lookAtMesh } from '../doctor/mesh-findings.js';
import { exitCodes } from '../exit-codes.js';
import type { Io, Style } from '../io.js';
import { printable } from '../output/printable.js';
import { plural } from '../output/words.js';

interface Flags extends ClientFlags {
  readonly dnsAddr?: string;
  readonly dataDir?: string;
}

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('doctor')
        .description(
          'Looks at agent, its peers, DNS, clock, data dir and permissions, and says what to do about what is wrong.',
        )
        .option('--dns-addr <host:port>', 'default: what the agent says, else 127.0.0.1:8600')
        .option('--data-dir <dir>', 'default: what the agent says'),
    ).action((flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { facts, findings } = await lookAtAgent(agent);
        const dataDir = flags.dataDir ?? dataDirOf(facts);
        const all: readonly Finding[] = [
          ...findings,
          ...(facts === undefined ? [] : await lookAtMesh(agent)),
          ...(await lookAtDns(agent, await dnsPlace(agent, flags.dnsAddr))),
          ...(dataDir === undefined ? [] : await lookAtDataDir(dataDir)),
          ...snapshots(facts),
          ...lookAtDescriptors(),
        ];
        if (flags.json === true) printJson(session.io, all);
        else print(session.io, all);
        if (all.some((finding) => finding.level === 'problem')) session.exitWith(exitCodes.failure);
      }),
    ),
    [
      ['datapunk doctor', 'exit code 1 when something does not work'],
      ['datapunk doctor --data-dir /var/lib/datapunk', 'while no agent runs'],
    ],
  );

/** Only meaningful on the agent's machine; one that is not there is told as such. */
function dataDirOf(facts: AgentFacts | undefined): string | undefined {
  const dir = facts?.DiscoveryVersion === undefined ? undefined : facts.DataDir;
  return dir === '' ? undefined : dir;
}

function snapshots(facts: AgentFacts | undefined): readonly Finding[] {
  if (facts?.DiscoveryVersion === undefined) return [];
  if (facts.DevMode === true) return [ok('durability', 'the agent keeps everything in memory (--dev)')];
  if ((facts.SnapshotIntervalMs ?? 0) > 0) return [ok('snapshots', 'are taken by the clock')];
  return [
    warning(
      'snapshots',
      'none are taken by the clock',
      'Set snapshots.interval, or save some with "datapunk snapshot save".',
    ),
  ];
}

const MARK: Readonly<Record<Finding['level'], readonly [string, Style]>> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
};

function print(io: Io, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  for (const { level, subject, says, advice } of findings) {
    const [mark, style] = MARK[level];
    io.out(`${io.paint(style, mark)} ${subject.padEnd(width)}  ${printable(says)}\n`);
    if (advice !== undefined) io.out(`  ${' '.repeat(width)}  ${io.paint('dim', printable(advice))}\n`);
  }
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  io.out(`\n${plural(count('problem'), 'problem')}, ${plural(count('warning'), 'warning')}\n`);
}
