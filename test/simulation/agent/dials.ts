import { defaults } from '../../../src/model/index.js';
import type { MemberInfo, Origin } from '../../../src/sync/index.js';
import type { Timer } from '../world/event-queue.js';
import type { Environment } from './environment.js';
import type { MeshOwner, Met } from './mesh.js';

export interface DialOptions {
  isLinked(origin: Origin): boolean;
  /** At once, or when the process runs on. */
  whenRunning(happen: () => void): void;
  /** Calls back with the origin met, or with why none was. */
  reach(address: string, done: (met: Met) => void): void;
}

/** A member without a connection, and when it is tried again. */
interface Try {
  member: MemberInfo;
  failures: number;
  readonly wasLost: boolean;
  timer: Timer | undefined;
  isOver: boolean;
}

/** As in the product's dialer. */
const SECOND_LOOK_MS = 100;
const COURTESY_MS = 200;
/** Between two looks for agents that nobody told of. */
const LOOK_MS = 2_000;
/** Tries until there is a connection to every wanted member, with full jitter, at once after a loss. */
export class Dials {
  private readonly tries = new Map<Origin, Try>();
  private readonly seeds = new Set<string>();
  private nextLookMs = 0;

  constructor(
    private readonly owner: MeshOwner,
    private readonly environment: Environment,
    private readonly options: DialOptions,
  ) {}

  reconcile(wanted: readonly MemberInfo[]): void {
    const names = new Set<Origin>();
    for (const member of wanted) {
      names.add(member.origin);
      const known = this.tries.get(member.origin);
      if (known) known.member = member;
      else if (!this.options.isLinked(member.origin)) this.begin(member, false);
    }
    for (const origin of Array.from(this.tries.keys())) if (!names.has(origin)) this.met(origin);
    this.lookForOthers();
  }

  lost(member: MemberInfo): void {
    this.met(member.origin);
    this.begin(member, true);
  }

  met(origin: Origin): void {
    const attempt = this.tries.get(origin);
    if (!attempt) return;
    attempt.isOver = true;
    attempt.timer?.cancel();
    this.tries.delete(origin);
  }

  close(): void {
    for (const origin of Array.from(this.tries.keys())) this.met(origin);
  }

  private begin(member: MemberInfo, wasLost: boolean): void {
    const attempt: Try = { member, failures: 0, wasLost, timer: undefined, isOver: false };
    this.tries.set(member.origin, attempt);
    const isFirst = wasLost || this.owner.self().origin < member.origin;
    this.after(attempt, isFirst ? 0 : COURTESY_MS * (1 + this.environment.chance.next()));
  }

  private after(attempt: Try, delayMs: number): void {
    attempt.timer = this.environment.queue.after(Math.ceil(delayMs), () =>
      this.options.whenRunning(() => {
        if (attempt.isOver) return;
        const { host, port } = attempt.member;
        this.options.reach(`${host}:${port}`, (met) => this.outcome(attempt, met));
      }),
    );
  }

  private outcome(attempt: Try, met: Met): void {
    if (attempt.isOver) return;
    const { origin } = attempt.member;
    if (met.type === 'peer' && met.origin === origin) return this.met(origin);
    attempt.failures++;
    const isDuplicate = met.type === 'refused' && met.code === 'duplicate';
    if (!isDuplicate) this.owner.dialFailed(origin, isHard(met) ? 'hard' : 'soft');
    if (attempt.isOver) return;
    this.after(attempt, attempt.wasLost && attempt.failures === 1 ? SECOND_LOOK_MS : this.jitter(attempt.failures));
  }

  private jitter(failures: number): number {
    const { peerBackoffMs, peerBackoffCapMs } = defaults;
    const most = Math.min(peerBackoffCapMs, peerBackoffMs * 2 ** failures);
    return this.environment.chance.next() * most * this.environment.tempo;
  }

  /** Like `retry_join`: addresses of our datacenter that no member has, and one of each datacenter of which we know nobody. */
  private lookForOthers(): void {
    const { queue, tempo } = this.environment;
    if (queue.nowMs < this.nextLookMs) return;
    this.nextLookMs = queue.nowMs + LOOK_MS * tempo;
    const members = Array.from(this.owner.members(), ({ info }) => info);
    for (const { address, datacenter } of this.environment.seeds()) {
      const isNear = datacenter === this.owner.self().datacenter;
      const isKnown = isNear
        ? members.some(({ host, port }) => `${host}:${port}` === address)
        : members.some((member) => member.datacenter === datacenter);
      if (!isKnown && address !== this.owner.address) this.dialSeed(address);
    }
  }

  private dialSeed(address: string): void {
    if (this.seeds.has(address)) return;
    this.seeds.add(address);
    this.options.reach(address, () => void this.seeds.delete(address));
  }
}

/** Nobody listens where that member was, or another agent answers there. */
function isHard(met: Met): boolean {
  return met.type === 'peer' || (met.type === 'nobody' && (met.evidence === 'refused' || met.evidence === 'reset'));
}
