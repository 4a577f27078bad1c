/**
 * Questions a second of our client beside node:dns (c-ares) with the same server, a process of its own, in alternating
 * rounds of the same run; so many questions in flight at a time. Arguments: `--rounds N` (5), `--seconds N` (1),
 * `--in-flight N` (64).
 */
import { fork } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { createDnsClient } from '../src/dns/client/index.js';
import { createDnsServer } from '../src/dns/index.js';
import { catalogOf, fleetRows, queriesOver } from '../test/support/dns-catalog.js';
import { median } from './support/load.js';
import { report, whole } from './support/report.js';

const NAMES = 1_000;
const INSTANCES = 3;

type Ask = (name: string) => Promise<unknown>;

if (process.argv[2] === '--serve') await serve();
else await measureAll();

async function serve(): Promise<void> {
  const services = Array.from({ length: NAMES }, (_, i) => fleetRows(`s${i}`, INSTANCES, `10.${i >> 8}`)).flat();
  const catalog = catalogOf(services);
  const server = createDnsServer({ catalog, queries: queriesOver(catalog, {}) });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  process.send?.(port);
}

async function measureAll(): Promise<void> {
  const child = fork(import.meta.filename, ['--serve']);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', () => reject(new Error('the server ended')));
  });
  const client = createDnsClient({ servers: [`127.0.0.1:${port}`] });
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${port}`]);
  try {
    await compare(
      'A',
      (name) => client.query(name, 'A'),
      (name) => resolver.resolve4(name),
    );
    await compare(
      'SRV',
      (name) => client.query(name, 'SRV'),
      (name) => resolver.resolveSrv(name),
    );
  } finally {
    await client.close();
    child.kill();
  }
}

async function compare(type: string, ours: Ask, nodes: Ask): Promise<void> {
  const rounds = numberAfter('--rounds', 5);
  const rates: { ours: number[]; nodes: number[] } = { ours: [], nodes: [] };
  for (let round = 0; round <= rounds; round++) {
    const [mine, beside] = [await rateOf(ours), await rateOf(nodes)];
    // The first round warms up.
    if (round === 0) continue;
    rates.ours.push(mine);
    rates.nodes.push(beside);
  }
  const [mine, beside] = [median(rates.ours), median(rates.nodes)];
  report([
    {
      what: `DNS client, ${type}`,
      measured: `${whole(mine)} questions/s = ${(mine / beside).toFixed(2)} ×`,
      beside: `node:dns ${whole(beside)} questions/s`,
    },
  ]);
}

async function rateOf(ask: Ask): Promise<number> {
  const lastMs = performance.now() + numberAfter('--seconds', 1) * 1_000;
  const beganMs = performance.now();
  let asked = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < lastMs) await ask(`s${asked++ % NAMES}.service.consul`);
  };
  await Promise.all(Array.from({ length: numberAfter('--in-flight', 64) }, worker));
  return asked / ((performance.now() - beganMs) / 1_000);
}

function numberAfter(flag: string, otherwise: number): number {
  const at = process.argv.indexOf(flag);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
