/** Runs the benches named on the command line, or all of them, one after another, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ALL = [
  'http',
  'dns',
  'registrations',
  'wake',
  'scale',
  'checks',
  'catalog',
  'store',
  'dns-client',
  'fetch',
  'pick',
  'balancing',
  'discover',
  'cache',
  'peer-frames',
  'sync',
  'sync-partition',
];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ALL;

for (const name of wanted) {
  const file = join(import.meta.dirname, `${name}.js`);
  if (!existsSync(file)) {
    console.error(`bench: there is no bench called ${name}; known: ${ALL.join(', ')}`);
    process.exitCode = 2;
    continue;
  }
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
