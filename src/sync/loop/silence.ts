import { defaults } from '../../model/index.js';
import type { Links } from './links.js';

/**
 * Connections that carry nothing. TCP itself takes minutes to find out that a line was cut, and as long again once it is
 * mended, so each side says something now and then, and one that has heard nothing for a while makes the connection anew.
 * `lagMs` of our own sleep is nobody's silence.
 */
export function endSilence(links: Links, now: number, lagMs: number): void {
  for (const link of links.all()) {
    link.receivedMs = Math.min(now, link.receivedMs + lagMs);
    if (now - link.receivedMs >= defaults.peerSilentMs) links.giveUp(link);
    else if (now - link.sentMs >= defaults.peerPingMs) {
      links.send(link.connection.peer.origin, { type: 'ping' }, 'control');
    }
  }
}
