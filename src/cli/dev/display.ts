import type { Io } from '../io.js';
import { printable } from '../output/printable.js';
import { Screen } from '../output/screen.js';
import { table } from '../output/table.js';
import { statusText } from '../output/words.js';
import type { Observation } from './observer.js';

/** A live table on a terminal; in a pipe a line for every change and, every few seconds, one about the calls. */
export interface Display {
  /** Something that happened: stays on the screen. */
  say(text: string): void;
  show(seen: readonly Observation[]): void;
}

export function createDisplay(io: Io): Display {
  return io.terminal ? liveTable(io) : plainLines(io);
}

function liveTable(io: Io): Display {
  const screen = new Screen(io);
  let last: readonly Observation[] = [];
  const draw = (): void => {
    if (last.length > 0)
      screen.show(
        `\n${stateTable(io, last)}\n${io.paint('dim', 'Ctrl-C stops everything. Kill a service and watch.')}\n`,
      );
  };
  return {
    say: (text) => {
      screen.above(text);
      draw();
    },
    show: (seen) => {
      last = seen;
      draw();
    },
  };
}

function stateTable(io: Io, seen: readonly Observation[]): string {
  return table(
    io,
    [
      { title: 'SERVICE', value: (at) => at.name },
      { title: 'HEALTH', value: (at) => statusText(io.paint, at.status) },
      { title: 'ADDRESS', value: (at) => at.address || '-' },
      { title: 'PID', value: (at) => String(at.stats?.pid ?? '-'), align: 'right' },
      { title: 'CALLS', value: (at) => (at.stats ? `→ ${at.stats.to}` : '-') },
      { title: 'OK', value: (at) => String(at.stats?.ok ?? '-'), align: 'right' },
      { title: 'FAILED', value: (at) => String(at.stats?.failed ?? '-'), align: 'right' },
      { title: 'LAST ANSWER', value: (at) => at.stats?.last ?? '-' },
    ],
    seen,
  );
}

/** Calls are told every so many looks. */
const CALLS_EVERY = 5;

function plainLines(io: Io): Display {
  const before = new Map<string, string>();
  let looks = 0;
  return {
    say: (text) => io.out(`${text.split('\n').map(printable).join('\n')}\n`),
    show: (seen) => {
      for (const at of seen) {
        const line = `${at.name} ${at.status}${at.address === '' ? '' : ` at ${at.address}`}`;
        if (before.get(at.name) !== line) io.out(`${line}\n`);
        before.set(at.name, line);
      }
      if (looks++ % CALLS_EVERY !== CALLS_EVERY - 1) return;
      const calls = seen.flatMap(({ name, stats }) =>
        stats ? [`${name} → ${stats.to}: ${stats.ok} ok, ${stats.failed} failed`] : [],
      );
      if (calls.length > 0) io.out(`calls  ${calls.join('; ')}\n`);
    },
  };
}
