import { defaults } from '../../model/index.js';
import type { Refusal } from '../connection/types.js';
import type { MemberInfo } from '../messages.js';
import { infoFault } from './member-info.js';
import { addressOf, sameAddress, type Member } from './member.js';
import type { MemberTable } from './table.js';

/** Whether an agent that speaks for itself may be a peer. */
export function admission(table: MemberTable, peer: MemberInfo, attentiveMs: number): Refusal | undefined {
  const fault = infoFault(peer);
  if (fault !== undefined) return { code: 'malformed', reason: fault };
  const self = table.self.info;
  if (peer.origin === self.origin) return { code: 'self', reason: 'this is the agent itself' };
  const { min, max } = peer.protocol;
  if (min > self.protocol.max || max < self.protocol.min) {
    const versions = `${self.protocol.min} to ${self.protocol.max}`;
    const reason = `${peer.node} speaks versions ${min} to ${max} of the peer protocol, ${self.node} ${versions}`;
    return { code: 'protocol', reason };
  }
  const known = table.get(peer.origin);
  if (known && isElsewhere(known, peer)) {
    const reason = `agent ${peer.origin} is alive at ${addressOf(known.info)} already, and now also at ${addressOf(peer)}: two agents must not share a copied data directory`;
    return { code: 'name', reason };
  }
  if (!known && table.isFull) return { code: 'busy', reason: 'too many agents are known' };
  const reason = nameFault(table, peer, { attentiveMs, isDirect: true });
  return reason === undefined ? undefined : { code: 'name', reason };
}

/** When a name is claimed, and whether by the agent itself or by what others say of it. */
export interface Claim {
  readonly attentiveMs: number;
  readonly isDirect: boolean;
}

/**
 * A node name belongs to one agent. Another one gets it when it speaks from the same address, which the first has then
 * lost, or when the first is dead; for the name of a home death is not enough, since a verdict may be wrong and two homes
 * would both grant a lock: there an operator has to say that the first has left. Returns why not.
 */
export function nameFault(table: MemberTable, peer: MemberInfo, claim: Claim): string | undefined {
  const holder = table.namesake(peer);
  if (!holder || !isHeldAgainst(table, holder, peer, claim)) return undefined;
  const [name, address, at] = [holder.info.node, addressOf(holder.info), addressOf(peer)];
  const belongs = `the node name ${name} belongs to agent ${holder.info.origin} at ${address}`;
  const asks = `agent ${peer.origin} at ${at} cannot have it`;
  if (holder.state === 'dead') {
    return `${belongs}, which is dead but was the home: ${asks} before it is declared left (force-leave ${name})`;
  }
  return `${belongs}, which is not known to be dead: ${asks} (give it another name, or force-leave ${name})`;
}

/** Whether `peer` may take the name of `holder` over, given that nothing but the name stands against it. */
export function maySucceed(holder: Member, peer: MemberInfo): boolean {
  if (sameAddress(holder.info, peer)) return true;
  return holder.state === 'dead' && !isHome(holder.info);
}

/**
 * Of two that came at about the same time the one with the earlier incarnation has the name, so that those who met the
 * other one first come to agree with the rest.
 */
export function mayDisplace(holder: Member, peer: MemberInfo, attentiveMs: number): boolean {
  return peer.inc < holder.info.inc && attentiveMs - holder.knownAt < defaults.membership.recentMs;
}

function isHeldAgainst(table: MemberTable, holder: Member, peer: MemberInfo, claim: Claim): boolean {
  if (peer.succeeds.includes(holder.info.origin) && peer.inc > holder.info.inc) return false;
  if (maySucceed(holder, peer)) return false;
  if (holder === table.self) return !isNewcomer(table, peer, claim);
  return !mayDisplace(holder, peer, claim.attentiveMs);
}

/**
 * It is for the other to refuse us, then. Who has peers is none for somebody who comes now, whatever the clocks say, but
 * may hear of somebody who was there before.
 */
function isNewcomer(table: MemberTable, peer: MemberInfo, { isDirect }: Claim): boolean {
  if (table.isDisputed) return true;
  if (isDirect && table.localPeers.length > 0) return false;
  return peer.inc < table.self.info.inc;
}

/** Only an agent whose own configuration names itself can be one (home.ts). */
function isHome({ node, primary }: MemberInfo): boolean {
  return node.toLowerCase() === primary.toLowerCase();
}

/** The same agent seems to run twice: it is connected, well, and somewhere else. */
function isElsewhere(known: Member, peer: MemberInfo): boolean {
  return known.isConnected && known.state === 'alive' && !sameAddress(known.info, peer);
}
