import { weigh } from './hash.js';
import { byOrigin, type MemberTable } from './table.js';
import type { Member } from './member.js';

/**
 * Who watches whom: each agent is watched by the k that weigh most for it, so all agents find the same monitors without
 * talking about it, each watches about k others, and one that comes or goes changes few (the monitors of Rapid, Suresh et
 * al. 2018, by another rule).
 */
export class Monitors {
  private epoch = -1;
  private readonly ranks = new Map<Member, readonly Member[]>();
  private readonly voting = new Map<Member, readonly Member[]>();
  private own: ReadonlySet<Member> | undefined;

  constructor(
    private readonly table: MemberTable,
    private readonly count: number,
  ) {}

  /** Those who have a say about it: who is itself suspect gives way to the next, until it is heard again. */
  votersOf(about: Member): readonly Member[] {
    return this.kept(this.voting, about, () => {
      const rank = this.ranked(about);
      return rank.filter((member) => member.state !== 'suspect').slice(0, this.count);
    });
  }

  /** Those who expect beats of us: some may be suspect only here, others be monitors only here. */
  ofSelf(): ReadonlySet<Member> {
    this.refresh();
    const { self } = this.table;
    return (this.own ??= new Set([...this.ranked(self).slice(0, this.count), ...this.votersOf(self)]));
  }

  private ranked(about: Member): readonly Member[] {
    return this.kept(this.ranks, about, () =>
      ranked(
        about.hash,
        this.living().filter((member) => member !== about),
      ),
    );
  }

  private living(): Member[] {
    return [this.table.self, ...this.table.local].filter((member) => member.state !== 'dead');
  }

  private refresh(): void {
    if (this.epoch === this.table.epoch) return;
    this.epoch = this.table.epoch;
    this.ranks.clear();
    this.voting.clear();
    this.own = undefined;
  }

  private kept(lists: Map<Member, readonly Member[]>, about: Member, make: () => readonly Member[]): readonly Member[] {
    this.refresh();
    let list = lists.get(about);
    if (!list) lists.set(about, (list = make()));
    return list;
  }
}

/** Heaviest first. */
export function ranked(about: number, members: readonly Member[]): readonly Member[] {
  const weighed = members.map((member) => ({ member, weight: weigh(about, member.hash) }));
  weighed.sort((a, b) => b.weight - a.weight || byOrigin(a.member, b.member));
  return weighed.map(({ member }) => member);
}
