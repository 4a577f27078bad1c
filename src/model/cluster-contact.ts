import type { Cluster, Contact } from './cluster.js';

/**
 * How well a datacenter is known. Of ours the cluster says it. Another one is known while any of its agents is heard of:
 * a site that fell silent keeps its rows, and this is how its reads say that nobody confirms them.
 */
export function contactWith(cluster: Cluster, datacenter: string, own: string): Contact {
  if (datacenter === own) return cluster.contact();
  const there = cluster.members().filter((member) => member.datacenter === datacenter);
  if (there.some(({ state }) => state === 'alive')) return KNOWN;
  const silentMs = there.map(({ lastContactMs }) => lastContactMs);
  return { known: false, lastContactMs: silentMs.length === 0 ? 0 : Math.min(...silentMs) };
}

const KNOWN: Contact = { known: true, lastContactMs: 0 };
