import type { ServiceDiscoveryError } from '../model/index.js';
import { abortable, realRandom, type AbortableIteration, type Clock } from '../runtime/index.js';
import type { BlockingRead, ConsulAnswer } from './answer.js';
import { blockingLoop, type BlockingOptions } from './blocking/blocking-loop.js';

export interface ConsulWatchOptions<T> extends Pick<BlockingOptions<T>, 'signal' | 'waitMs' | 'same'> {
  /** Told of every failed attempt; asking goes on. Must not throw. */
  readonly onError?: (error: ServiceDiscoveryError) => void;
}

/** The blocking loop for those who only want the answers. */
export function watchRead<T>(
  read: BlockingRead<T>,
  { onError, ...options }: ConsulWatchOptions<T>,
  clock: Clock,
): AbortableIteration<ConsulAnswer<T>> {
  return abortable(options.signal, async function* (signal) {
    for await (const update of blockingLoop(read, { ...options, clock, random: realRandom, signal })) {
      if (update.type === 'answer') yield update.answer;
      if (update.type === 'failed') onError?.(update.error);
    }
  });
}
