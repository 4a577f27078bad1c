/**
 * `npm run sim -- --seeds 1000`: many runs, each of another seed, until one fails; then how to see that one again.
 * `npm run sim -- --seed 7 --verbose`: one run, with everything that happens in it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generate } from './plan/generate.js';
import type { GenerateOptions } from './plan/generate.js';
import type { Scenario } from './plan/scenario.js';
import { runScenario } from './run/run-scenario.js';
import type { RunResult } from './run/run-scenario.js';
import { shrink } from './run/shrink.js';
import { Summary } from './run/summary.js';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    nodes: { type: 'string' },
    profile: { type: 'string' },
    scenario: { type: 'string' },
    save: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `usage: npm run sim -- [options]
  --seeds N        so many runs, default 100
  --from S         the first seed of them, default 1
  --keep-going     do not end with the first failure
  --seed S         this one only
  --scenario FILE  a saved scenario in place of a seed
  --nodes N        agents of every run, in place of what the seed draws
  --profile TITLE  kind of trouble, in place of what the seed draws
  --verbose        show what happens
  --shrink         look for a smaller scenario that fails the same way
  --save FILE      write the scenario, shrunk if so wished`;

function whole(text: string, name: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new RangeError(`--${name} is no whole number: ${text}`);
}

const generateOptions: GenerateOptions = {
  ...(options.nodes !== undefined && { agents: whole(options.nodes, 'nodes') }),
  ...(options.profile !== undefined && { profile: options.profile }),
};

function replay({ scenario }: RunResult): string {
  if (options.scenario !== undefined) return `npm run sim -- --scenario ${options.scenario}`;
  const nodes = options.nodes === undefined ? '' : ` --nodes ${options.nodes}`;
  const profile = options.profile === undefined ? '' : ` --profile '${options.profile}'`;
  return `npm run sim -- --seed ${scenario.seed}${nodes}${profile}`;
}

function report(result: RunResult): void {
  const { failure, scenario, hash } = result;
  const outcome = failure ? `FAILED at ${failure.atMs} ms\n  ${failure.message}` : 'holds';
  console.log(`seed ${scenario.seed}, ${scenario.title}, ${scenario.agents.length} agents, trace ${hash}: ${outcome}`);
  if (failure) console.log(`  replay: ${replay(result)}`);
}

function one(scenario: Scenario): boolean {
  const result = runScenario(scenario, options.verbose ? { show: (line) => console.log(line) } : {});
  report(result);
  const isToShrink = options.shrink && result.failure !== undefined;
  const kept = isToShrink ? shrink(scenario, result.failure.invariant, (line) => console.log(line)) : scenario;
  if (options.save !== undefined) writeFileSync(options.save, `${JSON.stringify(kept, undefined, 2)}\n`);
  else if (isToShrink) console.log(JSON.stringify(kept, undefined, 1));
  return result.failure === undefined;
}

/** Progress each two seconds; the summary in the end. */
function many(from: number, count: number): boolean {
  const summary = new Summary();
  let failures = 0;
  let toldAt = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const result = runScenario(generate(seed, generateOptions));
    summary.add(result);
    if (result.failure) {
      failures++;
      report(result);
      if (!options['keep-going']) break;
    }
    if (performance.now() - toldAt > 2_000) {
      toldAt = performance.now();
      process.stderr.write(`${seed - from + 1} of ${count} seeds, ${failures} failed\n`);
    }
  }
  for (const line of summary.lines()) console.log(line);
  console.log(failures === 0 ? 'every invariant held' : `${failures} runs failed`);
  return failures === 0;
}

function main(): boolean {
  if (options.scenario !== undefined) return one(JSON.parse(readFileSync(options.scenario, 'utf8')) as Scenario);
  if (options.seed !== undefined) return one(generate(whole(options.seed, 'seed'), generateOptions));
  return many(whole(options.from, 'from'), whole(options.seeds, 'seeds'));
}

if (options.help) console.log(USAGE);
else process.exitCode = main() ? 0 : 1;
