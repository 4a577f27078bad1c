import { defaults, ServiceDiscoveryError } from '../model/index.js';
import type { Clock } from '../runtime/index.js';

/**
 * Notices peers that went away without saying so (stopped, frozen, cut off: no FIN, no RST) while blocking reads stand on
 * them, within 10 s whatever their wait: an address with standing reads that was silent for 3 s is asked something small
 * on a connection of its own; a second failure in a row fails every standing read there at once. One probe at a time for
 * each address however many reads there are, and none when there are none.
 *
 * Worst case: 3 s quiet + 3 s probe + 0.5 s pause + 3 s probe = 9.5 s.
 */
export class PeerLiveness {
  private readonly peers = new Map<string, Peer>();

  /**
   * `probe` asks the address on a connection that nothing else uses and resolves on any HTTP answer whatever its status;
   * it ends when its signal aborts. `OPTIONS /v1/status/leader` touches nothing.
   */
  constructor(
    private readonly probe: (address: string, signal: AbortSignal) => Promise<unknown>,
    private readonly clock: Clock,
  ) {}

  /** A blocking read stands on the address from now on. `fail` is called at most once, when the peer is given up. */
  standing(address: string, fail: (error: ServiceDiscoveryError) => void): StandingRead {
    const peer = this.peers.get(address) ?? this.open(address);
    const read = { fail };
    peer.reads.add(read);
    return { ended: () => this.leave(address, peer, read) };
  }

  /** Something came from the address: a byte of any answer. Cheap. */
  heard(address: string): void {
    const peer = this.peers.get(address);
    if (peer) peer.heardAt = this.clock.now();
  }

  private open(address: string): Peer {
    const peer: Peer = { reads: new Set(), heardAt: this.clock.now(), failures: 0, stop: () => {} };
    this.peers.set(address, peer);
    this.lookIn(address, peer, defaults.peerQuietMs);
    return peer;
  }

  private leave(address: string, peer: Peer, read: Read): void {
    if (peer.reads.delete(read) && peer.reads.size === 0) this.close(address, peer);
  }

  private close(address: string, peer: Peer): void {
    peer.stop();
    if (this.peers.get(address) === peer) this.peers.delete(address);
  }

  private lookIn(address: string, peer: Peer, ms: number): void {
    peer.stop = this.clock.after(ms, () => this.look(address, peer));
  }

  /** A standing timer looks when it fires rather than be set anew at every byte. */
  private look(address: string, peer: Peer): void {
    const quietLeftMs = peer.heardAt + defaults.peerQuietMs - this.clock.now();
    if (quietLeftMs > 0) {
      peer.failures = 0;
      this.lookIn(address, peer, quietLeftMs);
      return;
    }
    const since = this.clock.now();
    this.ask(address, peer, (error) => {
      if (error && peer.heardAt <= since) this.failed(address, peer, error);
      else this.alive(address, peer);
    });
  }

  /** `then` is called once: with the error, or nothing when the peer answered; not at all after `stop`. */
  private ask(address: string, peer: Peer, then: (error?: unknown) => void): void {
    const own = new AbortController();
    let over = false;
    const finish = (error?: unknown): void => {
      if (over) return;
      peer.stop();
      then(error);
    };
    const late = `no answer within ${defaults.peerProbeMs} ms`;
    const cancel = this.clock.after(defaults.peerProbeMs, () => finish(new ServiceDiscoveryError('TIMEOUT', late)));
    peer.stop = () => {
      over = true;
      cancel();
      own.abort();
    };
    this.probe(address, own.signal).then(
      () => finish(),
      (error: unknown) => finish(error ?? new Error('the probe failed')),
    );
  }

  private alive(address: string, peer: Peer): void {
    peer.failures = 0;
    peer.heardAt = this.clock.now();
    this.lookIn(address, peer, defaults.peerQuietMs);
  }

  private failed(address: string, peer: Peer, cause: unknown): void {
    peer.failures += 1;
    if (peer.failures < 2) return this.lookIn(address, peer, defaults.peerProbeAgainMs);
    this.close(address, peer);
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${address} does not answer any more (probed twice while requests stood there): ${why}`;
    const error = new ServiceDiscoveryError('UNAVAILABLE', message, { cause, details: { address } });
    const reads = [...peer.reads];
    peer.reads.clear();
    for (const { fail } of reads) fail(error);
  }
}

export interface StandingRead {
  /** It was answered, failed or was given up. Harmless twice. */
  ended(): void;
}

interface Read {
  readonly fail: (error: ServiceDiscoveryError) => void;
}

interface Peer {
  readonly reads: Set<Read>;
  /** On the clock's monotonic time. */
  heardAt: number;
  /** Probes failed in a row. */
  failures: number;
  /** Ends the timer or the probe that is under way. */
  stop: () => void;
}
