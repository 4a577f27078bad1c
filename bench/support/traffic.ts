import type { Lan, Traffic } from '../../test/support/netns.js';

/** Ethernet 14, IPv4 20, TCP with time stamps 32: what every packet of a connection costs besides what is said in it. */
const TCP_HEADERS = 66;
/** Ethernet 14, IPv4 20, UDP 8. */
const UDP_HEADERS = 42;

export interface Sent {
  readonly bytes: number;
  readonly packets: number;
  readonly ms: number;
}

/** What all machines together send while something happens. */
export async function sentDuring(lan: Lan, work: () => Promise<void>): Promise<Sent> {
  const [before, began] = [lan.traffic(), performance.now()];
  await work();
  const [after, ms] = [lan.traffic(), performance.now() - began];
  const sum = (of: (traffic: Traffic) => number): number =>
    after.reduce((all, traffic, i) => all + of(traffic) - of(before[i] as Traffic), 0);
  return { bytes: sum((traffic) => traffic.sentBytes), packets: sum((traffic) => traffic.sentPackets), ms };
}

/** What was sent beyond what would have been sent anyway in the time. */
export function beyond(sent: Sent, idle: Sent): Sent {
  const share = sent.ms / idle.ms;
  return { bytes: sent.bytes - idle.bytes * share, packets: sent.packets - idle.packets * share, ms: sent.ms };
}

/** Without headers. */
export function payload({ bytes, packets }: Sent, transport: 'tcp' | 'udp'): number {
  return bytes - packets * (transport === 'tcp' ? TCP_HEADERS : UDP_HEADERS);
}
