import { cell, latenciesOf, rowOf, type Setting, settings, successOf } from './cells.js';
import { contestants, withoutEjection } from './contestants.js';
import { scenarios, type Scenario } from './scenarios.js';
import type { Figures } from './tally.js';

const timed: readonly Scenario[] = Object.values(scenarios).filter(({ name }) => name !== 'blackhole');

interface Measured {
  readonly setting: Setting;
  readonly scenario: Scenario;
  readonly contestant: string;
  readonly figures: Figures;
}

/** The page with all figures, `progress` being told of each setting begun. The same on every machine. */
export function resultsPage(progress: (text: string) => void): string {
  const measured: Measured[] = [];
  const tables = settings.map((setting) => {
    progress(titleOf(setting));
    const rows = contestants.map((contestant) => {
      const cells = timed.map((scenario) => {
        const figures = cell(setting, scenario, contestant);
        measured.push({ setting, scenario, contestant: contestant.name, figures });
        return latenciesOf(figures);
      });
      return rowOf(contestant.name, cells);
    });
    return `### ${titleOf(setting)}\n\n${table(['policy', ...timed.map(({ name }) => name)], rows)}`;
  });
  progress('blackhole');
  const holes = blackholeTable(measured);
  return `${HEAD}
## What is reached

${verdicts(measured).join('\n')}

## Scenarios

${Object.values(scenarios)
  .map(({ name, about }) => `- **${name}**: ${about}.`)
  .join('\n')}

## Latencies

p50 / p99 / p99.9 in milliseconds.

${tables.join('\n\n')}

## Blackhole: requests answered well

${holes}
`;
}

const HEAD = `# Balancing: what was simulated

\`npm run bench balancing\` writes this page; the same code gives the same page. An event-driven simulation in virtual
time (\`bench/balancing/\`) of the balancers as they are in production: servers with 4 workers and a queue each, service
times lognormal with mean 10 ms and coefficient of variation 1, network 0.25 ms each way, requests arriving as a Poisson
process at independent clients (20 for 50 servers, 4 for 10) that know only what their own requests tell them. Load is in
relation to what the servers can do on average in that scenario. Medians of three seeds; the first 4 s are not counted.
Outlier ejection, slow start and panic are on, with their defaults.

*bound* chooses for every request the server that would finish an average job first, knowing all queues and every
slowness to come. *least-request, subset* is least-request on the subset that \`adaptive\` would use. *hedges* send a
second copy after the 95th percentile within a budget of 5 %. How to read it, and what the policies are: [balancing](balancing.md).
`;

function blackholeTable(measured: Measured[]): string {
  const rows = (list: typeof contestants, suffix: string): string[] =>
    list.map((contestant) => {
      const cells = settings.map((setting) => {
        const figures = cell(setting, scenarios.blackhole, contestant);
        measured.push({ setting, scenario: scenarios.blackhole, contestant: contestant.name + suffix, figures });
        return successOf(figures);
      });
      return rowOf(contestant.name + suffix, cells);
    });
  const compared = contestants.filter(({ name }) => withoutEjection.some((other) => other.name === name));
  return table(
    ['policy', ...settings.map(titleOf)],
    [...rows(compared, ''), ...rows(withoutEjection, ', no ejection')],
  );
}

function verdicts(measured: readonly Measured[]): string[] {
  const of = (contestant: string, scenario: string, setting: Setting): Figures =>
    measured.find((m) => m.contestant === contestant && m.scenario.name === scenario && m.setting === setting)
      ?.figures as Figures;
  const worst = (servers: number, names: readonly string[]): { ratio: number; where: string } =>
    settings
      .filter((setting) => setting.servers === servers)
      .flatMap((setting) =>
        names.map((name) => ({
          ratio: of('**adaptive**', name, setting).p99Ms / of('bound (clairvoyant)', name, setting).p99Ms,
          where: `${name} at load ${setting.load}`,
        })),
      )
      .reduce((a, b) => (b.ratio > a.ratio ? b : a));
  const lines: string[] = [];
  const verdict = (reached: boolean, text: string): void =>
    void lines.push(`- ${reached ? 'Reached' : '**Missed**'}: ${text}`);
  const six = ['hetero', 'antagonist', 'pause'];
  for (const [servers, names, bar, what] of [
    [50, six, 1.5, 'hetero, antagonist and pause'],
    [10, six, 1.6, 'hetero, antagonist and pause'],
    [50, ['rollout', 'crowd', 'correlated'], 1.5, 'the scenarios nothing was tuned on'],
  ] as const) {
    const { ratio, where } = worst(servers, names);
    verdict(
      ratio <= bar,
      `p99 of \`adaptive\` at most ${bar} × the bound with ${servers} servers in ${what}: ${ratio.toFixed(2)} × (${where}).`,
    );
  }
  const [busy50] = settings as [Setting];
  const hedged = of('adaptive + hedges', 'pause', busy50);
  verdict(
    hedged.p999Ms <= 120 && hedged.hedged <= 0.05,
    `p99.9 with hedges at most 120 ms in pause at load 0.7, 50 servers: ${Math.round(hedged.p999Ms)} ms for ${(hedged.hedged * 100).toFixed(1)} % more requests.`,
  );
  const hole = Math.min(...settings.map((setting) => of('**adaptive**', 'blackhole', setting).success));
  verdict(
    hole >= 0.9999,
    `at least 99.99 % answered well in blackhole: ${(hole * 100).toFixed(3)} % in the worst setting.`,
  );
  return lines;
}

function titleOf({ servers, clients, load }: Setting): string {
  return `${servers} servers, ${clients} clients, load ${load}`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  const [first = '', ...others] = head;
  return [
    rowOf(first, others),
    rowOf(
      '---',
      others.map(() => '---:'),
    ),
    ...rows,
  ].join('\n');
}
