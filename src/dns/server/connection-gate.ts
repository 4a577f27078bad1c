import { limits } from '../../model/index.js';
import { isLoopback } from './client-network.js';
import type { DnsStats } from './dns-stats.js';

/** Counts connections over all listeners: so many at once, so many of one address (loopback is exempt from that). */
export class ConnectionGate {
  private readonly byAddress = new Map<string, number>();

  constructor(private readonly stats: DnsStats) {}

  /** The function that gives the place back, or undefined when there is none. */
  enter(address: string): (() => void) | undefined {
    const { byAddress, stats } = this;
    const mine = byAddress.get(address) ?? 0;
    const isFull = stats.connectionsOpen >= limits.dnsTcpConnections;
    if (isFull || (mine >= limits.dnsTcpConnectionsPerClient && !isLoopback(address))) {
      stats.connectionsRefused++;
      return undefined;
    }
    stats.connectionsOpen++;
    byAddress.set(address, mine + 1);
    return () => this.leave(address);
  }

  private leave(address: string): void {
    this.stats.connectionsOpen--;
    const left = (this.byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.byAddress.set(address, left);
    else this.byAddress.delete(address);
  }
}
