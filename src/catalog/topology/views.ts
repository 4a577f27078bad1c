/** What readers see of a service: built when first asked for, kept until something of it changes. */
import { instanceStatus } from '../../model/index.js';
import type { InstanceView, NodeRow, ServiceRow, ServiceView } from '../../model/index.js';
import type { InstanceEntry, ServiceEntry } from './entries.js';

export function serviceViewOf(entry: ServiceEntry): ServiceView {
  return (entry.view ??= {
    name: entry.name,
    index: Math.max(1, entry.index),
    instances: entry.instances.map(instanceViewOf),
  });
}

/** Kept on the instance, so that a change of one instance rebuilds one. */
function instanceViewOf(entry: InstanceEntry): InstanceView {
  return (entry.view ??= buildInstanceView(entry));
}

function buildInstanceView(entry: InstanceEntry): InstanceView {
  const own = entry.checks;
  const ofNode = entry.node.ownChecks;
  const checks = ofNode.length === 0 ? own : own.length === 0 ? ofNode : [...own, ...ofNode];
  // A live instance has both rows.
  return { node: entry.node.row as NodeRow, service: entry.row as ServiceRow, checks, status: instanceStatus(checks) };
}

/** Union of the instances' tags in order of first appearance. */
export function tagsOf(entry: ServiceEntry): readonly string[] {
  return (entry.tags ??= unionOfTags(entry.instances));
}

/** Tag lists are interned, so instances of one kind share the list and a new one is rarely needed. */
export function unionOfTags(instances: readonly InstanceEntry[]): readonly string[] {
  const first = instances[0]?.row?.tags ?? [];
  const alike = instances.every((instance) => instance.row?.tags === first);
  if (alike && first.length < 2) return first;
  const union = new Set(first);
  if (!alike) for (const instance of instances) for (const tag of instance.row?.tags ?? []) union.add(tag);
  return alike && union.size === first.length ? first : [...union];
}
