/**
 * I3 after the last fault all live agents show the same, I8 of several claims the same one everywhere, I5 nothing that was
 * accepted is lost, I10 nothing is kept of what is gone: looked at from outside, once everything may come to rest.
 */
import type { CatalogView, Row } from '../../../src/model/index.js';
import { refKey, refOf } from '../../../src/model/index.js';
import type { Position } from '../../../src/sync/index.js';
import type { MemberView } from '../../../src/sync/step/parts.js';
import type { Life } from '../agent/life.js';
import { rowAt } from '../agent/row-at.js';
import type { World } from '../world/world.js';
import { saying } from './canonical.js';
import type { Chronicle } from './chronicle.js';
import { isHiddenWithHead, isVerdict } from './rows.js';

type Difference = string | undefined;

const OF_CATALOG: ReadonlySet<string> = new Set(['node', 'service', 'check']);
const OF_STATE: ReadonlySet<string> = new Set(['kv', 'session']);

/** Why the agents do not show the same yet; undefined when they do. */
export function difference(world: World, chronicle: Chronicle): Difference {
  const lives = world.running();
  return (
    first(lives, (life) => againstPeer(lives, life)) ??
    first(lives, (life) => againstTruth(life, lives, chronicle)) ??
    first(lives, (life) => againstHome(life, lives)) ??
    first(lives, (life) => againstDatacenters(life, lives))
  );
}

/** Why there is still something to do, though all show the same. */
export function unrest(world: World): Difference {
  const lives = world.running();
  const isComplete = world.machines.every(({ slot, hasLeft }) => hasLeft || world.life(slot) !== undefined);
  return (
    first(lives, protection) ??
    first(lives, (life) => homelessness(life, lives)) ??
    first(lives, (life) => doubts(life, lives)) ??
    first(lives, (life) => verdicts(life, lives)) ??
    (isComplete ? first(lives, (life) => tombstones(life)) : undefined)
  );
}

function first(lives: readonly Life[], judge: (life: Life) => Difference): Difference {
  for (const life of lives) {
    const found = judge(life);
    if (found !== undefined) return found;
  }
  return undefined;
}

// ---- the same everywhere

function againstPeer(lives: readonly Life[], life: Life): Difference {
  const peer = lives.find((other) => other.self.datacenter === life.self.datacenter) as Life;
  if (peer === life) return undefined;
  return compared(life.self.name, shown(life.catalog), peer.self.name, shown(peer.catalog));
}

function shown(catalog: CatalogView): Map<string, string> {
  return textsOf(catalog, (row) => OF_CATALOG.has(row.kind), saying);
}

function textsOf(catalog: CatalogView, which: (row: Row) => boolean, text: (row: Row) => string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const row of catalog.rows().rows) if (which(row)) texts.set(refKey(refOf(row)), text(row));
  return texts;
}

function compared(
  name: string,
  here: ReadonlyMap<string, string>,
  otherName: string,
  there: ReadonlyMap<string, string>,
): Difference {
  for (const [key, text] of here) {
    if (there.get(key) !== text) return differing(name, text, otherName, there.get(key));
  }
  for (const [key, text] of there) if (!here.has(key)) return differing(name, undefined, otherName, text);
  return undefined;
}

function differing(name: string, text: string | undefined, other: string, otherText: string | undefined): string {
  return `${name} shows ${text ?? 'nothing'}\n  where ${other} shows ${otherText ?? 'nothing'}`;
}

// ---- what its owner says

function againstTruth(life: Life, lives: readonly Life[], chronicle: Chronicle): Difference {
  const owner = new Map(lives.map((other) => [other.origin, other] as const));
  for (const row of life.catalog.rows().rows) {
    if (!('origin' in row) || !owner.has(row.origin) || isVerdict(row)) continue;
    const last = chronicle.last(row.origin, refKey(refOf(row)));
    if (last?.text !== saying(row)) return differing(life.self.name, saying(row), 'its owner', last?.text);
  }
  return missing(life, chronicle);
}

/** What this agent said itself is shown, or something later of another agent in its place, or it was deleted by one. */
function missing(life: Life, chronicle: Chronicle): Difference {
  for (const [key, list] of chronicle.of(life.origin)) {
    const last = list.at(-1);
    if (!last?.row) continue;
    const ref = refOf(last.row);
    if (life.shows(key) || chronicle.isDeletedByOthers(ref, life.origin, last)) continue;
    if (isHiddenWithHead(life, life.origin, last.row)) continue;
    return `${life.self.name} does not show its own ${last.text}`;
  }
  return undefined;
}

// ---- state

function againstHome(life: Life, lives: readonly Life[]): Difference {
  if (life.isHome) return undefined;
  const { origin } = life.state.members.home();
  const home = lives.find((other) => other.origin === origin);
  if (!home?.isHome) return undefined;
  const copy = life.homeCopy;
  const here = copy ? stateOf(copy.catalog) : new Map<string, string>();
  return compared(`${life.self.name} of its home`, here, home.self.name, stateOf(home.catalog));
}

function isState(row: Row): boolean {
  return OF_STATE.has(row.kind);
}

/** With their indexes: those of the home mean the same at a copy. */
function stateOf(catalog: CatalogView): Map<string, string> {
  return textsOf(catalog, isState, (row) => `${row.createIndex} ${row.modifyIndex} ${saying(row)}`);
}

// ---- other datacenters

/**
 * Who is dead is not known abroad, so of a live and a dead agent's claim to one identity another may be shown there, and
 * rows of those that do not run are not compared.
 */
function againstDatacenters(life: Life, lives: readonly Life[]): Difference {
  const running = new Set(lives.map(({ origin }) => origin));
  const ofRunning = (row: Row): boolean => OF_CATALOG.has(row.kind) && 'origin' in row && running.has(row.origin);
  for (const other of lives) {
    const { datacenter } = other.self;
    if (datacenter === life.self.datacenter) continue;
    const copy = life.copyOfDatacenter(datacenter)?.catalog;
    const here = copy ? textsOf(copy, ofRunning, saying) : new Map<string, string>();
    const there = textsOf(other.catalog, ofRunning, saying);
    const isClaimedByDead = (key: string): boolean => copy !== undefined && isOther(rowAt(copy, key), running);
    for (const key of Array.from(there.keys())) if (!here.has(key) && isClaimedByDead(key)) there.delete(key);
    const found = compared(`${life.self.name} of ${datacenter}`, here, other.self.name, there);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOther(row: ReturnType<typeof rowAt>, running: ReadonlySet<string>): boolean {
  return row !== undefined && !running.has(row.origin);
}

// ---- rest

/** Who has too few around it for any verdict protects itself as long as somebody is missing. */
function protection(life: Life): Difference {
  const { active, reason } = life.state.members.protectedMode();
  return active && mayExpire(life) ? `${life.self.name} protects itself: ${reason}` : undefined;
}

/** Of its datacenter's agents that do not run it has made up its mind. */
function verdicts(life: Life, lives: readonly Life[]): Difference {
  if (!mayExpire(life)) return undefined;
  for (const { info, state } of neighbours(life)) {
    const isRunning = lives.some(({ origin }) => origin === info.origin);
    if (!isRunning && state !== 'dead') return `${life.self.name} holds ${info.node} ${state}, which does not run`;
  }
  return undefined;
}

/** At most one agent is kept down, so a majority runs where there are enough. */
function mayExpire(life: Life): boolean {
  return neighbours(life).length + 1 >= life.environment.settings.minNodes;
}

function neighbours(life: Life): readonly MemberView[] {
  const { datacenter } = life.self;
  return Array.from(life.state.members.all()).filter(
    ({ info, state }) => info.datacenter === datacenter && state !== 'left',
  );
}

/** A home that runs is known to all of its datacenter. */
function homelessness(life: Life, lives: readonly Life[]): Difference {
  const { primary, datacenter } = life.machine.plan;
  const home = lives.find(({ self }) => self.datacenter === datacenter && self.name === primary);
  if (!home) return undefined;
  const { origin, problem } = life.state.members.home();
  return origin === home.origin ? undefined : `${life.self.name} does not know its home ${primary}: ${problem}`;
}

/** Everybody is heard by everybody, and all that was said is known. */
function doubts(life: Life, lives: readonly Life[]): Difference {
  for (const other of lives) {
    if (other === life) continue;
    const isNear = other.self.datacenter === life.self.datacenter;
    if (isNear && !life.mesh.isConnected(other.origin))
      return `${life.self.name} has no connection to ${other.self.name}`;
    const [here, there] = [life, other].map(({ state }) => state.streams.position(other.origin)) as [
      Position,
      Position,
    ];
    if (here.inc !== there.inc || here.ver !== there.ver)
      return `${life.self.name} is at ${here.inc}/${here.ver} of ${other.self.name}, which is at ${there.inc}/${there.ver}`;
    const member = life.state.members.of(other.origin);
    if (member?.state !== 'alive') return `${life.self.name} holds ${other.self.name} ${member?.state ?? 'unknown'}`;
  }
  return undefined;
}

function tombstones(life: Life): Difference {
  const { streams } = life.state.streams.report(life.monotonicMs);
  const held = streams.find((stream) => stream.tombstones > 0);
  return held && `${life.self.name} keeps ${held.tombstones} tombstones of ${held.node} (${held.kind})`;
}
