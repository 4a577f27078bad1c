import type { Connection } from '../runtime/index.js';
import { openPeerConnection } from '../sync/connection/introduction.js';
import type { PeerConnection, PeerConnectionOptions, PeerEnd } from '../sync/connection/types.js';
import type { MemberInfo, Message } from '../sync/index.js';
import { defaultSyncSettings, protocolVersions } from '../sync/index.js';
import { FakeClock } from './fake-clock.js';
import { MemoryNetwork } from './memory-network/memory-network.js';
import { seededRandom } from './seeded-random.js';

export const DIALER_HOST = '10.0.0.1';
export const ACCEPTOR_HOST = '10.0.0.2';
const PORT = 8301;

export function memberInfo(node: string, fields: Partial<MemberInfo> = {}): MemberInfo {
  return {
    origin: `00000000-0000-4000-8000-${node.padStart(12, '0').replaceAll(/[^\da-f]/g, '0')}`,
    inc: 1_700_000_000_000,
    node,
    datacenter: 'dc1',
    host: DIALER_HOST,
    port: PORT,
    protocol: protocolVersions,
    build: '0.1.0',
    primary: '',
    space: '',
    succeeds: [],
    left: false,
    ...fields,
  };
}

/** A peer connection and what it brought. */
export class Peer {
  readonly messages: Message[] = [];
  readonly ends: PeerEnd[] = [];

  constructor(readonly connection: PeerConnection) {
    connection.start({
      message: (message) => void this.messages.push(message),
      ended: (end) => void this.ends.push(end),
    });
  }
}

export type PeerOptions = Partial<PeerConnectionOptions>;

/** Two agents on a network in memory, and the two ends of connections between them. */
export class PeerWorld {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seededRandom(1) });

  /** A bare connection: for talking to an agent as none. */
  async bare(): Promise<{ dialer: Connection; acceptor: Connection }> {
    let acceptor: Connection | undefined;
    const there = this.network.host(ACCEPTOR_HOST);
    const listener = await there.listen({ host: ACCEPTOR_HOST, port: 0 }, (accepted) => void (acceptor = accepted));
    const dialled = this.network.host(DIALER_HOST).dial(listener.address, { timeoutMs: 1_000 });
    await this.clock.advance(10);
    await listener.close();
    return { dialer: await dialled, acceptor: acceptor as Connection };
  }

  options(connection: Connection, role: 'dialer' | 'acceptor', options: PeerOptions = {}): PeerConnectionOptions {
    const self = memberInfo(role === 'dialer' ? 'a' : 'b');
    return {
      connection,
      role,
      self,
      admit: () => undefined,
      settings: defaultSyncSettings,
      clock: this.clock,
      ...options,
    };
  }

  /** Both introductions; each may fail. */
  async introduce(
    dialer: PeerOptions = {},
    acceptor: PeerOptions = {},
  ): Promise<[PromiseSettledResult<PeerConnection>, PromiseSettledResult<PeerConnection>]> {
    const bare = await this.bare();
    const introductions = Promise.allSettled([
      openPeerConnection(this.options(bare.dialer, 'dialer', dialer)),
      openPeerConnection(this.options(bare.acceptor, 'acceptor', acceptor)),
    ]);
    await this.clock.advance(10_000);
    return introductions;
  }

  /** Connections that are not started. */
  async connections(
    dialer: PeerOptions = {},
    acceptor: PeerOptions = {},
  ): Promise<{ a: PeerConnection; b: PeerConnection }> {
    const [a, b] = await this.introduce(dialer, acceptor);
    if (a.status === 'rejected') throw a.reason;
    if (b.status === 'rejected') throw b.reason;
    return { a: a.value, b: b.value };
  }

  async pair(dialer: PeerOptions = {}, acceptor: PeerOptions = {}): Promise<{ a: Peer; b: Peer }> {
    const { a, b } = await this.connections(dialer, acceptor);
    return { a: new Peer(a), b: new Peer(b) };
  }
}
