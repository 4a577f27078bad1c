import { defaults } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { CommandCaller } from '../calls/caller.js';
import type { Origin } from '../messages.js';
import type { MembersPart } from '../step/parts.js';
import { FreshBarrier } from './fresh-barrier.js';

export interface PeersBarrierOptions {
  readonly clock: Clock;
  readonly members: MembersPart;
  readonly caller: Pick<CommandCaller, 'call'>;
}

/**
 * Everything that was acknowledged anywhere in the datacenter before this was asked for is known here afterwards, as far
 * as its owner can be reached at the moment. For commands that mean "what you have": who registers through one agent and
 * deregisters through another must not come too early for his own registration. A peer that does not answer soon is not
 * waited for.
 */
export class PeersBarrier {
  private readonly barrier: FreshBarrier;

  constructor(private readonly options: PeersBarrierOptions) {
    this.barrier = new FreshBarrier(() => this.askAll());
  }

  pass(): Promise<void> {
    return this.barrier.pass();
  }

  private async askAll(): Promise<void> {
    const { members } = this.options;
    const well = members.peers().filter(({ origin }) => members.of(origin)?.state === 'alive');
    await Promise.all(well.map(({ origin }) => this.ask(origin)));
  }

  private async ask(origin: Origin): Promise<void> {
    const { clock, caller } = this.options;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(defaults.peersBarrierMs, resolve);
      const over = (): void => {
        cancel();
        resolve();
      };
      caller.call(origin, 'catalogFresh', undefined).then(over, over);
    });
  }
}
