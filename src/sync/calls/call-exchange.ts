import { ServiceDiscoveryError, type RegistryCommands } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { Message, Origin, Position, StreamId, StreamKind } from '../messages.js';
import { noLeader } from '../server-name.js';
import { CommandCaller } from './caller.js';
import { IncomingCalls } from './incoming-calls.js';
import { OutgoingCalls, type StreamPosition } from './outgoing-calls.js';
import { Positions } from './positions.js';

export interface CallExchangeOptions {
  readonly clock: Clock;
  /** Of this agent, for those who ask it. */
  readonly commands: RegistryCommands;
  readonly isHome: () => boolean;
  /** Facts are written in their own datacenter; to others they are shown. */
  readonly isOfOurs: (origin: Origin) => boolean;
  /** False when there is no connection to that agent. Throws for what cannot be said. */
  readonly send: (to: Origin, message: Message) => boolean;
  /** Resolves when nothing that must not be forgotten is on its way to the disk any more. */
  readonly unheld: () => Promise<void>;
  /** Where a stream of ours stands, as peers have been told or are being told. */
  readonly own: (kind: StreamKind) => StreamPosition;
  readonly position: (stream: StreamId) => Position;
  readonly settled: () => Promise<void>;
}

/** What others did is waited for so long before a command of theirs is executed without. */
const NEEDS_MS = 2_000;

/** Commands between agents, in both directions. */
export class CallExchange {
  readonly caller: CommandCaller;
  private readonly positions: Positions;
  private readonly outgoing: OutgoingCalls;
  private readonly incoming: IncomingCalls;

  constructor(options: CallExchangeOptions) {
    const { clock, commands, send, unheld, own } = options;
    this.positions = new Positions(options);
    this.outgoing = new OutgoingCalls({ clock, send });
    this.caller = new CommandCaller({
      clock,
      unheld,
      calls: this.outgoing,
      own: () => [own('catalog')],
      known: (needs, timeoutMs) => this.positions.known(needs, timeoutMs),
    });
    this.incoming = new IncomingCalls({
      commands,
      send: (to, message) => void send(to, message),
      unheld,
      known: (needs) => this.positions.known(needs, NEEDS_MS).catch(() => {}),
      refuse: ({ family }, from) => {
        if (!options.isOfOurs(from)) throw notFromThere();
        if (family !== 'catalog' && !options.isHome()) throw noLeader();
      },
      seen: ({ family }) => {
        if (family === 'catalog') return [own('catalog')];
        return family === 'state' ? [own('state')] : [own('state'), own('catalog')];
      },
    });
  }

  take(from: Origin, message: Message): void {
    if (message.type === 'call') void this.incoming.take(from, message);
    else if (message.type === 'answer') this.outgoing.answered(from, message);
  }

  disconnected(origin: Origin): void {
    this.outgoing.disconnected(origin);
  }

  /** To be called after each step. */
  look(): void {
    this.positions.look();
  }

  close(): void {
    this.outgoing.close();
  }
}

function notFromThere(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('PERMISSION_DENIED', 'agents of another datacenter may not ask for commands here');
}
