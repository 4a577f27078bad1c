import { defaults } from '../../model/index.js';
import type { Origin } from '../messages.js';
import type { Links } from './links.js';

/**
 * Connections that carry nothing. TCP itself takes minutes to find out that a line was cut, and as long again once it is
 * mended, so each side says something now and then, and one that has heard nothing for a while makes the connection anew:
 * soon when the other agent is doubted, for then the line is the likely fault; else after some signs of life were missed,
 * which come seldom, as each costs a packet there and one back.
 * `lagMs` of our own sleep is nobody's silence.
 */
export function endSilence(links: Links, now: number, lagMs: number, isDoubted: (origin: Origin) => boolean): void {
  for (const link of links.all()) {
    const { origin } = link.connection.peer;
    link.receivedMs = Math.min(now, link.receivedMs + lagMs);
    const silentMs = now - link.receivedMs;
    if (silentMs >= defaults.doubtedSilentMs && (silentMs >= defaults.peerSilentMs || isDoubted(origin))) {
      links.giveUp(link);
    } else if (now - link.sentMs >= defaults.peerPingMs) {
      links.send(origin, { type: 'ping' }, 'control');
    }
  }
}
