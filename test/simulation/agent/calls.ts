/**
 * Which agent decides a command: the owner of the rows it touches, the home for keys and sessions. Ours are decided
 * here, others are asked of whom they belong to, and answered once what it did can be seen here.
 */
import type { StateReader } from '../../../src/model/index.js';
import { isDiscoveryError, ServiceDiscoveryError } from '../../../src/model/index.js';
import { streamKind } from '../../../src/sync/index.js';
import type { Message, Origin } from '../../../src/sync/index.js';
import type { Command } from '../plan/scenario.js';
import type { Timer } from '../world/event-queue.js';
import { deregistrationOrigins, registrationParts } from '../../../src/sync/route/catalog-parts.js';
import { reachableHome } from '../../../src/sync/route/home.js';
import { ownerNow } from '../../../src/sync/route/owners.js';
import { noLeader } from '../../../src/sync/server-name.js';
import { decideCatalog, decideLocal, decideState, registrationOf } from './decide.js';
import type { OfState } from './decide.js';
import type { Environment } from './environment.js';
import type { Life } from './life.js';
import type { Outcome } from './watcher.js';

type Answer = Extract<Message, { type: 'answer' }>;
type Place = Answer['seen'][number];

interface Asked {
  readonly command: Command;
  readonly timer: Timer;
  /** Answered, and not to be seen here yet. */
  answer: Answer | undefined;
}

const TIMEOUT_MS = 10_000;
const OF_STATE: ReadonlySet<Command['do']> = new Set<OfState['do']>([
  'kv-set',
  'kv-delete',
  'session-create',
  'session-destroy',
  'acquire',
  'release',
]);

export class Calls {
  private readonly asked = new Map<number, Asked>();
  private nextId = 1;

  constructor(
    private readonly life: Life,
    private readonly environment: Environment,
  ) {}

  perform(command: Command): void {
    try {
      const owners = this.ownersOf(command);
      for (const owner of owners) {
        if (owner === this.life.origin) this.answered(command, { ok: true, value: this.decide(command) });
        else this.ask(owner, command);
      }
    } catch (error) {
      this.answered(command, failure(error));
    }
  }

  message(from: Origin, message: Message): void {
    if (message.type === 'call') this.serve(from, message.id, message.args as Command);
    else if (message.type === 'answer') this.take(message);
  }

  /** Answers whose effects have come meanwhile. */
  lookAround(): void {
    for (const [id, { command, answer }] of this.asked) {
      if (!answer || !answer.seen.every((place) => this.isSeen(place))) continue;
      this.settle(id);
      this.answered(command, { ok: true, value: answer.value });
    }
  }

  close(): void {
    for (const { timer } of this.asked.values()) timer.cancel();
    this.asked.clear();
  }

  // ---- who decides

  private ownersOf(command: Command): readonly Origin[] {
    const { catalog, origin } = this.life;
    if (OF_STATE.has(command.do)) return [this.home()];
    if (command.do === 'catalog-register') {
      const parts = registrationParts(catalog, origin, registrationOf(command));
      return this.ownersNow(parts.map((part) => part.origin));
    }
    if (command.do !== 'catalog-deregister') return [origin];
    const origins = deregistrationOrigins(catalog, { Node: command.node, ServiceID: command.id });
    return origins.size === 0 ? [origin] : this.ownersNow(origins);
  }

  private ownersNow(origins: Iterable<Origin>): readonly Origin[] {
    const { members } = this.life.state;
    const owners = Array.from(origins, (origin) => ownerNow(members, origin));
    return [...new Set(owners.map((owner) => (owner.type === 'self' ? this.life.origin : owner.origin)))];
  }

  private home(): Origin {
    const origin = reachableHome(this.life.state.members);
    if (origin === undefined) throw noLeader();
    return origin;
  }

  // ---- deciding

  private decide(command: Command): unknown {
    switch (command.do) {
      case 'register':
      case 'deregister':
      case 'flip':
        return this.life.decide((state, context) => decideLocal(state, command, context));
      case 'catalog-register':
      case 'catalog-deregister':
        return this.life.decide((state, context) => decideCatalog(state, command, context));
      case 'leave':
        return this.life.leave();
      case 'force-leave':
        return this.forceLeave(command);
      default: {
        const result = this.life.decide((state: StateReader, context) => decideState(state, command, context));
        if (command.do === 'session-create') this.environment.sessions.set(command.session, result as string);
        return result;
      }
    }
  }

  private forceLeave({ target, prune }: Extract<Command, { do: 'force-leave' }>): void {
    const node = this.environment.nodeOf(target);
    const member = Array.from(this.life.state.members.all()).find(
      ({ info, state }) => info.node === node && info.origin !== this.life.origin && state !== 'left',
    );
    if (!member) throw new ServiceDiscoveryError('NOT_FOUND', `agent: No node found with name '${node}'`);
    if (member.state !== 'dead' && member.isConnected)
      throw new ServiceDiscoveryError('CONFLICT', `${node} is ${member.state}`);
    this.life.take({ type: 'force-leave', origin: member.info.origin, prune });
  }

  // ---- asking and being asked

  private ask(owner: Origin, command: Command): void {
    const id = this.nextId++;
    const timer = this.environment.queue.after(TIMEOUT_MS, () => {
      this.settle(id);
      this.answered(command, { ok: false, code: 'TIMEOUT', message: 'the owner did not answer' });
    });
    this.asked.set(id, { command, timer, answer: undefined });
    this.life.mesh.send(owner, { type: 'call', id, method: command.do, args: command }, 'control');
  }

  private serve(from: Origin, id: number, command: Command): void {
    const answer = (ok: boolean, value: unknown, seen: readonly Place[]): void =>
      this.life.mesh.send(from, { type: 'answer', id, ok, value, seen }, 'control');
    try {
      if (OF_STATE.has(command.do) && !this.life.isHome) throw noLeader();
      const value = this.decide(command);
      this.life.flush();
      answer(true, value ?? null, [this.life.seen(OF_STATE.has(command.do) ? 'state' : 'catalog')]);
    } catch (error) {
      answer(false, failure(error), []);
    }
  }

  private take(answer: Answer): void {
    const asked = this.asked.get(answer.id);
    if (!asked) return;
    if (answer.ok) {
      asked.answer = answer;
      return this.lookAround();
    }
    this.settle(answer.id);
    this.answered(asked.command, answer.value as Outcome);
  }

  private isSeen({ stream, inc, ver }: Place): boolean {
    const here = this.life.state.streams.position(stream);
    if (streamKind(stream) === 'state' && !this.life.stateCopy) return false;
    return here.inc > inc || (here.inc === inc && here.ver >= ver);
  }

  private settle(id: number): void {
    this.asked.get(id)?.timer.cancel();
    this.asked.delete(id);
  }

  private answered(command: Command, outcome: Outcome): void {
    this.life.tell((watcher) => watcher.answered?.(this.life, command, outcome));
  }
}

function failure(error: unknown): Outcome & { readonly ok: false } {
  if (!isDiscoveryError(error)) throw error;
  return { ok: false, code: error.code, message: error.message };
}
