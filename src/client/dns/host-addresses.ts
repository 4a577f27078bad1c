import type { AddressType } from './address-order.js';
import type { KnownAnswer } from './record-cache.js';

export interface HostAddresses {
  readonly A: readonly string[];
  readonly AAAA: readonly string[];
  /** Those that came, the preferred family's first. */
  readonly answers: readonly KnownAnswer[];
}

/**
 * A host's addresses of the wanted families, asked for at once. A family that cannot be had does not matter while the
 * other has addresses: some servers fail for AAAA. Rejects when there is none and not everybody said so.
 */
export async function hostAddresses(
  types: readonly AddressType[],
  ask: (type: AddressType) => Promise<KnownAnswer>,
): Promise<HostAddresses> {
  const settled = await Promise.allSettled(types.map(ask));
  const found: Record<AddressType, string[]> = { A: [], AAAA: [] };
  const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  for (const record of answers.flatMap(({ answer }) => answer.records)) {
    if (record.type === 'A' || record.type === 'AAAA') found[record.type].push(record.address);
  }
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed && found.A.length + found.AAAA.length === 0) throw failed.reason;
  return { ...found, answers };
}
