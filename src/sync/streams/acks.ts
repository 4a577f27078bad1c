import type { Origin, Position, StreamId } from '../messages.js';
import type { Stream } from './stream.js';

/** Up to where each peer has said that it knows each stream. A peer that lost its memory is believed until it says so. */
export class Acks {
  private readonly peers = new Map<Origin, Map<StreamId, Position>>();

  set(peer: Origin, stream: StreamId, { inc, ver }: Position): void {
    let known = this.peers.get(peer);
    if (!known) this.peers.set(peer, (known = new Map<StreamId, Position>()));
    known.set(stream, { inc, ver });
  }

  /** The version it knows all up to, in the stream's incarnation. */
  of(peer: Origin, { id, inc }: Stream): number {
    const position = this.peers.get(peer)?.get(id);
    return position?.inc === inc ? position.ver : 0;
  }

  forget(peer: Origin): void {
    this.peers.delete(peer);
  }

  forgetStream(stream: StreamId): void {
    for (const known of this.peers.values()) known.delete(stream);
  }
}
