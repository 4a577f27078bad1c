import { z } from 'zod';
import type { CallOptions, StringMap } from '../model/index.js';
import { defaults, parseOptions } from '../model/index.js';
import { silentLogger, type Logger } from '../runtime/index.js';

/** Whoever knows the members of a cluster: `ConsulClient`'s agent family does. */
export interface MembersSource {
  members(options?: CallOptions): Promise<{ readonly value: readonly Member[] }>;
}

interface Member {
  readonly Status: number;
  readonly Tags?: StringMap | null;
}

export interface SplitBrainOptions {
  /** Live members without which this side does not count as the cluster. Default 3. */
  readonly minNodes?: number;
  readonly logger?: Logger;
}

/**
 * Tells whether the agent asked still sees enough of its cluster: behind a partition it would go on answering, of what it
 * knew and of who is on its side. Ask before what must not be done twice (electing, migrating, cleaning up); for
 * discovery itself there is no need: an old answer is better than none.
 */
export class SplitBrainProtection {
  readonly minNodes: number;
  readonly #source: MembersSource;
  readonly #logger: Logger;

  constructor(source: MembersSource, options: SplitBrainOptions = {}) {
    const { minNodes = defaults.minNodes, logger = silentLogger } = parseOptions(
      'SplitBrainProtection',
      schema,
      options,
    );
    this.#source = source;
    this.minNodes = minNodes;
    this.#logger = logger as Logger;
  }

  /**
   * Whether at least `minNodes` members are alive, as far as the agent knows; those it suspects do not count. False when that cannot be found out, within
   * `timeoutMs` (default: the source's own, 10 s) or at all. Never rejects.
   */
  async checkClusterHealth(options: CallOptions = {}): Promise<boolean> {
    try {
      const { value } = await this.#source.members(options);
      return value.filter(isAlive).length >= this.minNodes;
    } catch (error) {
      this.#logger.warn({ error }, 'split_brain.members_unknown');
      return false;
    }
  }
}

/**
 * Behind a partition our agents hold nobody dead: they suspect, and keep everything (docs/sync.md). To Consul's clients
 * such a member is alive; the tag tells.
 */
function isAlive({ Status, Tags }: Member): boolean {
  return Status === ALIVE && Tags?.['suspect'] === undefined;
}

/** Serf's number for it (docs/contract.md section 3.1). */
const ALIVE = 1;

const schema = z.strictObject({
  minNodes: z.number('must be a number').int('must be a whole number').min(1, 'must be 1 or more').optional(),
  logger: z.custom((value) => typeof (value as Logger | null)?.warn === 'function', 'must be a logger').optional(),
});
