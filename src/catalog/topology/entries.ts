/**
 * What nodes, services and instances are held in. An entry may wait for its row: a check can arrive before its service
 * (a snapshot lists checks first), a service before its node. Such an instance is held but not *live*: no read of a
 * service shows it until both its row and its node's are there.
 */
import type { CheckRow, InstanceView, NodeRow, ServiceRow, ServiceView } from '../../model/index.js';
import { Bag } from '../tables/bag.js';

const NO_CHECKS: readonly CheckRow[] = Object.freeze([]);

export class NodeEntry {
  row: NodeRow | undefined = undefined;
  /** Last change of the node or its services; their checks do not count (docs/contract.md section 1.6). */
  index = 0;
  /** Checks of the node itself, by check id. */
  ownChecks: readonly CheckRow[] = NO_CHECKS;
  /** All checks, those of its instances included. */
  readonly checks = new Bag<CheckRow>(checkIdOf);
  readonly instances = new Bag<InstanceEntry>(instanceIdOf);

  constructor(
    /** Lower-cased name. */
    readonly key: string,
    /** As first spelt. */
    readonly name: string,
  ) {}

  get empty(): boolean {
    return !this.row && this.checks.size === 0 && this.instances.size === 0;
  }
}

export class InstanceEntry {
  row: ServiceRow | undefined = undefined;
  /** Set while live. */
  service: ServiceEntry | undefined = undefined;
  /** By check id. */
  checks: readonly CheckRow[] = NO_CHECKS;
  view: InstanceView | undefined = undefined;

  constructor(
    readonly node: NodeEntry,
    readonly id: string,
  ) {}
}

/** A service with at least one live instance. */
export class ServiceEntry {
  index = 0;
  /** Live instances by node, then id. */
  instances: InstanceEntry[] = [];
  view: ServiceView | undefined = undefined;
  tags: readonly string[] | undefined = undefined;

  constructor(
    readonly key: string,
    /** As first spelt by a writer. */
    readonly name: string,
  ) {}
}

/** `checks` with `check` put in by its id. Lists are short and never changed in place: views hold them. */
export function withCheck(checks: readonly CheckRow[], check: CheckRow): readonly CheckRow[] {
  const others = withoutCheck(checks, check.checkId);
  // Most instances have one check: a literal has one slot, spreading an empty list reserves seventeen.
  if (others.length === 0) return [check];
  const at = others.findIndex((other) => other.checkId > check.checkId);
  return at < 0 ? [...others, check] : [...others.slice(0, at), check, ...others.slice(at)];
}

export function withoutCheck(checks: readonly CheckRow[], checkId: string): readonly CheckRow[] {
  if (!checks.some((check) => check.checkId === checkId)) return checks;
  return checks.length === 1 ? NO_CHECKS : checks.filter((check) => check.checkId !== checkId);
}

export function addInstance(service: ServiceEntry, instance: InstanceEntry): void {
  const { instances } = service;
  const last = instances.at(-1);
  // As with checks: one slot for a lone instance.
  if (!last) service.instances = [instance];
  else if (isBefore(last, instance)) instances.push(instance);
  else instances.splice(placeOf(instances, instance), 0, instance);
}

export function removeInstance(service: ServiceEntry, instance: InstanceEntry): void {
  const at = placeOf(service.instances, instance);
  if (service.instances[at] === instance) service.instances.splice(at, 1);
}

function placeOf(instances: readonly InstanceEntry[], instance: InstanceEntry): number {
  let low = 0;
  let high = instances.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(instances[middle] as InstanceEntry, instance)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of a service's instances: by node, then id. */
export function isBefore(a: InstanceEntry, b: InstanceEntry): boolean {
  return a.node.key === b.node.key ? a.id < b.id : a.node.key < b.node.key;
}

function checkIdOf(check: CheckRow): string {
  return check.checkId;
}

function instanceIdOf(instance: InstanceEntry): string {
  return instance.id;
}
