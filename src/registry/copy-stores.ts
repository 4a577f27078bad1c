/** Where copies live: each in a data directory of its own, named after what it is a copy of, or in memory. */
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../model/index.js';
import { invalid, isDiscoveryError } from '../model/index.js';
import type { Clock, Logger } from '../runtime/index.js';
import { openEmbeddedStore, openMemoryStore } from '../store/index.js';
import type { MergeTarget } from '../sync/index.js';

export type CopyTarget = Exclude<MergeTarget, { readonly type: 'local' }>;

/** A file name ends at 255 bytes, and each character may take nine. */
const NAME_CHARS = 200;

export function copyName(target: CopyTarget): string {
  const parts = target.type === 'state' ? [target.home, target.space] : [target.datacenter];
  const name = [target.type, ...parts.map(encodeURIComponent)].join(',');
  if (name.length > NAME_CHARS) throw invalid(`a copy’s name must have at most ${NAME_CHARS} characters: ${name}`);
  return name;
}

function targetOf(name: string): CopyTarget | undefined {
  const [type, first, second, ...rest] = name.split(',').map(decodeURIComponent);
  if (rest.length > 0 || !first) return undefined;
  if (type === 'state' && second) return { type, home: first, space: second };
  return type === 'datacenter' && second === undefined ? { type, datacenter: first } : undefined;
}

export class CopyStores {
  constructor(
    /** Undefined: in memory. */
    private readonly directory: string | undefined,
    private readonly options: { readonly clock: Clock; readonly logger: Logger },
  ) {}

  /** What is kept from before. */
  known(): readonly CopyTarget[] {
    if (this.directory === undefined || !existsSync(this.directory)) return [];
    return readdirSync(this.directory).flatMap((name) => targetOf(name) ?? []);
  }

  /** A copy that is damaged, or of a newer version, is begun anew: others still have what was in it. */
  async open(target: CopyTarget): Promise<Store> {
    if (this.directory === undefined) return openMemoryStore();
    const dataDir = join(this.directory, copyName(target));
    const open = (): Promise<Store> => openEmbeddedStore({ dataDir, ...this.options });
    try {
      return await open();
    } catch (error) {
      if (!isDiscoveryError(error, 'CORRUPT') && !isDiscoveryError(error, 'UNSUPPORTED')) throw error;
      this.options.logger.warn({ dataDir, error }, 'registry.copy_begun_anew');
      await this.remove(target);
      return open();
    }
  }

  async remove(target: CopyTarget): Promise<void> {
    if (this.directory === undefined) return;
    await rm(join(this.directory, copyName(target)), { recursive: true, force: true });
  }
}
