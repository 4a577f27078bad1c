/**
 * Response rate limiting over UDP, so that we are no amplifier for spoofed sources (the rules of BIND's RRL): answers
 * alike to one network spend from an account that refills at the rate and may be overdrawn by a window of it; while it
 * is overdrawn every second answer is a short one with TC, which a real client repeats over TCP, the rest is dropped.
 */
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { networkOf } from './client-network.js';

const windowSeconds = 15;
const slip = 2;

export type Verdict = 'send' | 'slip' | 'drop';

interface Account {
  balance: number;
  atMs: number;
  held: number;
}

export class RateLimit {
  /** In order of last use; the least used falls out. */
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly perSecond: number,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** `kind`: what makes answers alike, the name for answers and the zone for errors. */
  judge(address: string, kind: string): Verdict {
    const account = this.accountOf(`${networkOf(address)} ${kind}`);
    const now = this.clock.now();
    const earned = ((now - account.atMs) / 1000) * this.perSecond;
    account.atMs = now;
    account.balance = Math.min(this.perSecond, account.balance + earned);
    account.balance = Math.max(account.balance - 1, -windowSeconds * this.perSecond);
    if (account.balance >= 0) return 'send';
    return ++account.held % slip === 0 ? 'slip' : 'drop';
  }

  private accountOf(key: string): Account {
    const known = this.accounts.get(key);
    const account = known ?? { balance: this.perSecond, atMs: this.clock.now(), held: 0 };
    if (known) this.accounts.delete(key);
    this.accounts.set(key, account);
    if (this.accounts.size > limits.dnsRateLimitKeys) {
      for (const oldest of this.accounts.keys()) {
        this.accounts.delete(oldest);
        break;
      }
    }
    return account;
  }
}
