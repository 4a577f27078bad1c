import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckDefinition, CheckResult, CheckRunner } from '../model/index.js';
import { limits, ServiceDiscoveryError } from '../model/index.js';

/** A runner with something to test against. Made anew for every case. */
export interface RunnerSubject {
  readonly runner: CheckRunner;
  /** Passes. */
  readonly good: CheckDefinition;
  /** Is critical. */
  readonly bad: CheckDefinition;
  /** Goes on for far longer than ten seconds; absent for a runner that cannot be kept waiting. */
  readonly hanging?: CheckDefinition;
  /** Has a megabyte or more to say; absent for a runner whose output is its own. */
  readonly flooding?: CheckDefinition;
  /** How much of what runs started is still there: connections, processes. */
  readonly alive?: () => number;
  close(): Promise<void>;
}

export interface RunnerCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every CheckRunner, ours and a user's own, for any test framework:
 *
 *   for (const { name, run } of checkRunnerSuite(openSubject)) test(name, run);
 */
export function checkRunnerSuite(open: () => Promise<RunnerSubject>): readonly RunnerCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => {
      const subject = await open();
      try {
        await examine(subject);
      } finally {
        await subject.close();
      }
    },
  }));
}

const CASES: Readonly<Record<string, (subject: RunnerSubject) => Promise<void>>> = {
  'a good target is passing': async ({ runner, good }) => {
    const result = await runner.run(good, running());
    assert.equal(result.status, 'passing', result.output);
    assert.notEqual(result.output, '');
  },

  'a bad target is critical and says why': async ({ runner, bad }) => {
    const result = await runner.run(bad, running());
    assert.equal(result.status, 'critical', result.output);
    assert.notEqual(result.output, '');
  },

  'a target that is no target gives a result like any other': async ({ runner, good }) => {
    for (const target of ['', '::::', 'http://', '127.0.0.1:99999999', '__proto__', '\u0000']) {
      const result = await soon(runner.run({ ...good, target }, running()));
      assert.ok(['passing', 'warning', 'critical'].includes(result.status));
    }
  },

  'runs at the same time do not touch each other': async ({ runner, good, bad }) => {
    const runs = Array.from({ length: 20 }, (_, turn) => runner.run(turn % 2 === 0 ? good : bad, running()));
    const statuses = (await Promise.all(runs)).map(({ status }) => status);
    assert.deepEqual(
      statuses,
      statuses.map((_, turn) => (turn % 2 === 0 ? 'passing' : 'critical')),
    );
  },

  'a run ends soon after its abort, with a result': async ({ runner, hanging }) => {
    if (!hanging) return;
    const removal = new AbortController();
    const run = runner.run(hanging, removal.signal);
    await delay(50);
    removal.abort(new ServiceDiscoveryError('ABORTED', 'the check was removed'));
    await soon(run);
  },

  'a signal that is aborted already lets nothing begin': async ({ runner, hanging, good }) => {
    const signal = AbortSignal.abort(new ServiceDiscoveryError('ABORTED', 'the check was removed'));
    await soon(runner.run(hanging ?? good, signal));
  },

  'output is bounded': async ({ runner, flooding }) => {
    if (!flooding) return;
    const { output } = await runner.run(flooding, running());
    assert.ok(Buffer.byteLength(output) <= flooding.outputMaxSizeBytes + limits.checkOutputPrefixBytes);
  },

  'nothing that was started is left': async ({ runner, good, bad, hanging, alive }) => {
    if (!alive) return;
    const removal = new AbortController();
    const runs = [good, bad, hanging].flatMap((check) => (check ? [runner.run(check, removal.signal)] : []));
    await delay(50);
    removal.abort(new ServiceDiscoveryError('ABORTED', 'the check was removed'));
    await soon(Promise.all(runs));
    const before = performance.now();
    while (alive() > 0 && performance.now() - before < limits.checkStopMs) await delay(10);
    assert.equal(alive(), 0);
  },
};

function running(): AbortSignal {
  return new AbortController().signal;
}

/** Within the time that the scheduler gives a run to stop. */
async function soon<T extends CheckResult | readonly CheckResult[]>(run: Promise<T>): Promise<T> {
  const enough = new AbortController();
  const late = delay(limits.checkStopMs, undefined, { signal: enough.signal }).then(() => {
    throw new Error(`the run did not end within ${limits.checkStopMs} ms`);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    enough.abort();
    late.catch(() => {});
  }
}
