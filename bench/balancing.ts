/**
 * Simulates all policies in all scenarios, in virtual time, and writes docs/balancing-results.md. About five minutes.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsPage } from './balancing/results.js';

const page = resultsPage((text) => console.log(`simulating ${text}`));
const docs = join(process.cwd(), 'docs');
if (existsSync(docs)) writeFileSync(join(docs, 'balancing-results.md'), page);
console.log(page);
