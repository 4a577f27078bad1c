/**
 * The real agent, killed with -9 again and again while clients write to it over HTTP. A ledger outside of it holds what
 * it acknowledged; after every restart what it answers is compared with the ledger, in the catalog and in the agent's
 * own definitions.
 *
 * Each key and each instance belongs to one client that has one request under way, so after a kill a name has one of
 * two states: the acknowledged one, or the one asked for when the kill came.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Random } from '../../src/runtime/index.js';
import { startAgent } from './agent.js';

export interface KillRounds {
  readonly dataDir: string;
  readonly kills: number;
  readonly random: Random;
  /** How long clients write before each kill, milliseconds. */
  readonly windowMs: readonly [least: number, most: number];
  readonly onRound?: (round: number, summary: KillSummary) => void;
}

export interface KillSummary {
  acknowledged: number;
  /** Requests without an answer when the kill came, and how many of them were done all the same. */
  unanswered: number;
  unansweredDone: number;
  /** What is wrong, in words; empty when nothing acknowledged was lost and nothing deleted came back. */
  readonly violations: string[];
  slowestStartMs: number;
}

type Family = 'kv' | 'service';
interface Entry {
  readonly family: Family;
  readonly name: string;
  /** Acknowledged; undefined is absent. */
  value: string | undefined;
  asked: { readonly value: string | undefined } | undefined;
}

const CLIENTS = 8;
const NAMES_PER_CLIENT = 6;
const SERVICE = 'crash';

export async function killRounds({ dataDir, kills, random, windowMs, onRound }: KillRounds): Promise<KillSummary> {
  const summary: KillSummary = {
    acknowledged: 0,
    unanswered: 0,
    unansweredDone: 0,
    violations: [],
    slowestStartMs: 0,
  };
  const ledgers = Array.from({ length: CLIENTS }, (_, client) => ledgerOf(client));
  let highestIndex = 0;
  for (let round = 0; round <= kills; round++) {
    const agent = await startAgent({ dataDir, flags: ['--node', 'crash'], logLevel: 'error', log: 'inherit' });
    summary.slowestStartMs = Math.max(summary.slowestStartMs, agent.startMs);
    const http = new Pool(agent.origin, { connections: CLIENTS });
    try {
      highestIndex = await audit(http, ledgers.flat(), highestIndex, summary, round);
      if (round === kills || summary.violations.length > 0) break;
      const [least, most] = windowMs;
      const killed = delay(least + random.next() * (most - least)).then(() => agent.stop('SIGKILL'));
      await Promise.all([killed, ...ledgers.map((ledger) => write(http, ledger, random, summary))]);
    } finally {
      await agent.stop('SIGKILL');
      await http.destroy();
    }
    onRound?.(round, summary);
  }
  return summary;
}

function ledgerOf(client: number): Entry[] {
  return Array.from({ length: NAMES_PER_CLIENT }, (_, n) => ({
    family: n % 2 === 0 ? 'service' : 'kv',
    name: `${client}-${n}`,
    value: undefined,
    asked: undefined,
  }));
}

/** Until the agent is gone. */
async function write(http: Pool, ledger: readonly Entry[], random: Random, summary: KillSummary): Promise<void> {
  for (;;) {
    const entry = ledger[Math.floor(random.next() * ledger.length)] as Entry;
    const value = random.next() < 0.35 ? undefined : `v${Math.floor(random.next() * 1e9)}`;
    entry.asked = { value };
    try {
      await ask(http, entry, value);
    } catch {
      summary.unanswered++;
      return;
    }
    entry.value = value;
    entry.asked = undefined;
    summary.acknowledged++;
  }
}

async function ask(http: Pool, { family, name }: Entry, value: string | undefined): Promise<void> {
  if (family === 'kv') {
    const path = `/v1/kv/crash/${name}`;
    return expectOk(http, value === undefined ? { method: 'DELETE', path } : { method: 'PUT', path, body: value });
  }
  if (value === undefined) return expectOk(http, { method: 'PUT', path: `/v1/agent/service/deregister/${name}` });
  const body = { ID: name, Name: SERVICE, Port: 80, Meta: { value }, Check: { TTL: '1h', Status: 'passing' } };
  return expectOk(http, { method: 'PUT', path: '/v1/agent/service/register', body: JSON.stringify(body) });
}

async function expectOk(
  http: Pool,
  request: { readonly method: 'PUT' | 'DELETE'; readonly path: string; readonly body?: string },
): Promise<void> {
  const { statusCode, body } = await http.request(request);
  const text = await body.text();
  // Deregistering what is not there is refused with 404, and is as good as done.
  if (statusCode !== 200 && !(statusCode === 404 && request.path.includes('/deregister/'))) {
    throw new Error(`${request.path}: ${statusCode} ${text}`);
  }
}

/** Compares everything, and takes what it finds as the truth from here on. Returns the highest index seen. */
async function audit(
  http: Pool,
  entries: readonly Entry[],
  highestIndex: number,
  summary: KillSummary,
  round: number,
): Promise<number> {
  const found = { kv: await keysOf(http), service: await definitionsOf(http) };
  const catalog = await catalogOf(http);
  const complain = (what: string): void => void summary.violations.push(`after kill ${round}: ${what}`);
  for (const entry of entries) {
    const actual = found[entry.family].get(entry.name);
    const allowed = entry.asked ? [entry.value, entry.asked.value] : [entry.value];
    if (!allowed.includes(actual)) {
      complain(`${entry.family} ${entry.name} is ${actual ?? 'absent'}, acknowledged was ${entry.value ?? 'absent'}`);
    }
    if (entry.family === 'service' && catalog.instances.get(entry.name) !== actual) {
      complain(
        `service ${entry.name} is ${catalog.instances.get(entry.name) ?? 'absent'} in the catalog, ${actual ?? 'absent'} here`,
      );
    }
    if (entry.asked && entry.value !== entry.asked.value && actual === entry.asked.value) summary.unansweredDone++;
    entry.value = actual;
    entry.asked = undefined;
  }
  if (catalog.index < highestIndex) complain(`the index fell from ${highestIndex} to ${catalog.index}`);
  return Math.max(highestIndex, catalog.index);
}

async function keysOf(http: Pool): Promise<Map<string, string>> {
  const { body, statusCode } = await http.request({ method: 'GET', path: '/v1/kv/crash/?recurse' });
  const rows = statusCode === 404 ? (await body.dump(), []) : ((await body.json()) as { Key: string; Value: string }[]);
  return new Map(rows.map(({ Key, Value }) => [Key.slice('crash/'.length), Buffer.from(Value, 'base64').toString()]));
}

async function definitionsOf(http: Pool): Promise<Map<string, string>> {
  const { body } = await http.request({ method: 'GET', path: '/v1/agent/services' });
  const services = (await body.json()) as Record<string, { ID: string; Meta: { value?: string } }>;
  return new Map(Object.values(services).map(({ ID, Meta }) => [ID, Meta.value ?? '']));
}

async function catalogOf(http: Pool): Promise<{ index: number; instances: Map<string, string> }> {
  const { body, headers } = await http.request({ method: 'GET', path: `/v1/health/service/${SERVICE}` });
  const nodes = (await body.json()) as { Service: { ID: string; Meta: { value: string } } }[];
  const instances = new Map(nodes.map(({ Service }) => [Service.ID, Service.Meta.value]));
  return { index: Number(headers['x-consul-index']), instances };
}
