/** Throws damaged and random bytes at the codec and at whole connections of peers; what must never happen is an error. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Connection, Random } from '../runtime/index.js';
import { PeerKeys } from '../sync/connection/peer-keys.js';
import { openPeerConnection } from '../sync/connection/introduction.js';
import type { Message } from '../sync/index.js';
import { isDiscoveryError } from '../model/index.js';
import { WireError } from '../sync/wire/bytes.js';
import { decodeMessage, encodeMessage } from '../sync/wire/message.js';
import { anyMessage } from './arbitrary-messages.js';
import { damaged, noise } from './damaged-bytes.js';
import { Peer, PeerWorld } from './peer-pair.js';

const KEYS = ['a', 'b'].map((letter) => Buffer.alloc(32, letter).toString('base64'));

export function sampleMessages(seed: number, count: number): Message[] {
  return fc.sample(anyMessage, { seed, numRuns: count });
}

/** One damaged message; whether it could still be read. What is read can be written and read again. */
export function fuzzCodec(message: Message, random: Random): boolean {
  const bytes = random.next() < 0.1 ? noise(200, random) : damaged(encodeMessage(message), random);
  let read: Message;
  try {
    read = decodeMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
  assert.deepEqual(decodeMessage(encodeMessage(read)), read);
  return true;
}

export interface Conversation {
  /** How far it got. */
  readonly outcome: 'refused' | 'ended' | 'whole';
  readonly delivered: number;
}

/**
 * Two agents talk over somebody who damages what one of them sends, now and then. Whatever he does: each introduction is
 * settled, each connection ends in time, nothing is left behind, and with keys nothing arrives that was not sent, as it was
 * sent, in order.
 */
export async function fuzzConversation(messages: readonly Message[], random: Random): Promise<Conversation> {
  const world = new PeerWorld();
  const { dialer, acceptor } = await world.bare();
  const chance = random.next() < 0.5 ? 0.02 : 0.3;
  const isEncrypted = random.next() < 0.5;
  const keys = isEncrypted ? { keys: new PeerKeys(KEYS) } : {};
  const introductions = Promise.allSettled([
    openPeerConnection(world.options(damaging(dialer, chance, random), 'dialer', keys)),
    openPeerConnection(world.options(acceptor, 'acceptor', keys)),
  ]);
  await world.clock.advance(6_000);
  const results = await introductions;
  const ends = results.filter((result) => result.status === 'fulfilled').map(({ value }) => new Peer(value));
  for (const result of results)
    if (result.status === 'rejected') assert(isDiscoveryError(result.reason), String(result.reason));
  for (const message of messages) {
    for (const { connection } of ends) connection.send(message, 'control');
    if (random.next() < 0.3) await world.clock.advance(1);
  }
  await world.clock.advance(1_000);
  const outcome = ends.length < 2 ? 'refused' : ends.some(({ ends }) => ends.length > 0) ? 'ended' : 'whole';
  const delivered = ends.reduce((sum, end) => sum + end.messages.length, 0);
  // Objects without a prototype come out with one.
  const sent = messages.map((message) => decodeMessage(encodeMessage(message)));
  if (isEncrypted) for (const end of ends) assert.deepEqual(end.messages, sent.slice(0, end.messages.length));
  for (const { connection } of ends) connection.close();
  await world.clock.advance(10_000);
  for (const end of ends) assert.equal(end.ends.length, 1, 'a connection that does not end');
  assert.deepEqual([world.network.connections, world.clock.pending], [0, 0], 'something is left behind');
  return { outcome, delivered };
}

function damaging(connection: Connection, chance: number, random: Random): Connection {
  return {
    remote: connection.remote,
    get waitingBytes() {
      return connection.waitingBytes;
    },
    start: (handlers) => connection.start(handlers),
    write: (bytes) => connection.write(random.next() < chance ? damaged(bytes, random) : bytes),
    close: (graceMs) => connection.close(graceMs),
    destroy: () => connection.destroy(),
  };
}
