import type { Socket } from 'node:net';
import { ServiceDiscoveryError } from '../model/index.js';
import type { Answer, CatalogView, Topic } from '../model/index.js';
import type { Clock, Random } from '../runtime/index.js';
import type { Reply } from './core/reply.js';

/**
 * Blocking queries (docs/contract.md section 1.6). A read that names an index waits until its answer is newer or its
 * time is up, and then answers in either case. Readers are level-triggered: a wake-up only makes them look again.
 *
 * All waiters of a topic share one subscription and are looked through together, once per turn of the event loop
 * however many change sets arrived in it. A waiter is one small object, a timer and a listener for the client's
 * leaving.
 */
export class BlockingQueries {
  private readonly waiting = new Map<Topic, Queue>();
  private closed = false;
  private count = 0;

  constructor(
    private readonly catalog: CatalogView,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly indexSpace: () => string,
  ) {}

  /** Queries waiting now. */
  get size(): number {
    return this.count;
  }

  /** Nothing waits any more: answers end their connections. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Answers at once when there is something newer than `minIndex` or nothing to wait for. */
  read<T>(
    client: Socket,
    wait: { readonly minIndex: number; readonly waitMs: number },
    read: () => Answer<T>,
    reply: (answer: Answer<T>) => Reply,
  ): Reply | Promise<Reply> {
    const first = read();
    if (wait.minIndex === 0 || first.index > wait.minIndex) return reply(first);
    // After a restore the caller's index means nothing any more, so it is told at once.
    const space = this.indexSpace();
    const newer = (): boolean => read().index > wait.minIndex || this.indexSpace() !== space;
    return this.until(first.topic, newer, wait.waitMs, client).then(() => reply(read()));
  }

  /**
   * Resolves when `ready` holds after a change of the topic, when the time and its random extra of a sixteenth are up,
   * or on close; rejects with ABORTED when the client leaves, which its connection says: a response that waits behind
   * another one of the same connection does not hear of it.
   */
  until(topic: Topic, ready: () => boolean, waitMs: number, client: Socket): Promise<void> {
    if (this.closed || waitMs <= 0) return Promise.resolve();
    if (client.destroyed) return Promise.reject(gone());
    const queue = this.queueOf(topic);
    this.count += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => finish(gone());
      const finish = (error?: Error): void => {
        if (!queue.waiters.delete(waiter)) return;
        this.count -= 1;
        cancel();
        client.off('close', leave);
        this.drop(topic, queue);
        if (error) reject(error);
        else resolve();
      };
      const waiter: Waiter = { ready, finish };
      const cancel = this.clock.after(waitMs + this.extraMs(waitMs), finish);
      client.on('close', leave);
      queue.waiters.add(waiter);
    });
  }

  /** Every waiting query answers with what there is; later ones answer at once. */
  close(): void {
    this.closed = true;
    for (const queue of this.waiting.values()) for (const waiter of queue.waiters) waiter.finish();
  }

  /**
   * [0, wait/16), so that waits begun together do not end together. In steps, because Node keeps timers in one list for
   * each length: a thousand lengths would cost more than the waiters.
   */
  private extraMs(waitMs: number): number {
    return (Math.floor(this.random.next() * JITTER_STEPS) / JITTER_STEPS) * (waitMs / 16);
  }

  private queueOf(topic: Topic): Queue {
    const known = this.waiting.get(topic);
    if (known) return known;
    const queue: Queue = { waiters: new Set(), scheduled: false, unsubscribe: () => {} };
    queue.unsubscribe = this.catalog.subscribe(topic, () => {
      if (queue.scheduled) return;
      queue.scheduled = true;
      setImmediate(() => lookAgain(queue));
    });
    this.waiting.set(topic, queue);
    return queue;
  }

  private drop(topic: Topic, queue: Queue): void {
    if (queue.waiters.size > 0) return;
    queue.unsubscribe();
    if (this.waiting.get(topic) === queue) this.waiting.delete(topic);
  }
}

function gone(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('ABORTED', 'the client went away');
}

const JITTER_STEPS = 64;

interface Waiter {
  readonly ready: () => boolean;
  readonly finish: () => void;
}

interface Queue {
  readonly waiters: Set<Waiter>;
  scheduled: boolean;
  unsubscribe: () => void;
}

function lookAgain(queue: Queue): void {
  queue.scheduled = false;
  for (const waiter of queue.waiters) if (waiter.ready()) waiter.finish();
}
