import { readdirSync, readFileSync } from 'node:fs';
import type { Recorded, Recording, Scenario } from './format.js';

const DATA = new URL('../data/', import.meta.url);

/** Every scenario with its recording, in the order of their numbers. */
export function loadScenarios(): readonly { readonly scenario: Scenario; readonly recording: Recording }[] {
  const files = readdirSync(new URL('scenarios/', DATA)).sort();
  return files.map((file) => ({ scenario: scenarioIn(file), recording: recordingIn(file) }));
}

function scenarioIn(file: string): Scenario {
  const {
    about = '',
    slow = false,
    defaults = {},
    steps,
    cleanup = [],
  } = read(`scenarios/${file}`) as Partial<Scenario>;
  return { name: file.replace(/\.json$/, ''), about, slow, defaults, steps: steps ?? [], cleanup };
}

function recordingIn(file: string): Recording {
  const { answers } = read(`golden/${file}`) as { answers: Record<string, Recorded> };
  return new Map(Object.entries(answers));
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, DATA), 'utf8'));
}
