import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ServiceDiscoveryError } from '../model/index.js';
import { isKey, type StoredKeys } from '../sync/index.js';

/**
 * The keyring on disk, for changes by an operator while the agent ran. It counts as long as the configuration names the
 * keys that it named then: who changes `encrypt` means it, and it is a later change than the one on disk, which others
 * may still have.
 */
const stored = z.object({
  configured: z.array(z.string()),
  keys: z.array(z.string().refine(isKey)).min(1),
  primary: z.string().refine(isKey),
  at: z.number(),
});

export class KeyringFile {
  private readonly path: string | undefined;
  private written: Promise<void> = Promise.resolve();

  constructor(
    dataDir: string | undefined,
    /** At least one. */
    private readonly configured: readonly string[],
  ) {
    this.path = dataDir === undefined ? undefined : join(dataDir, 'keyring.json');
  }

  async read(): Promise<StoredKeys> {
    const [primary = ''] = this.configured;
    const fresh = { keys: this.configured, primary, at: 0 };
    if (this.path === undefined) return fresh;
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return fresh;
    const file = this.parse(text);
    return isSame(file.configured, this.configured) ? file : { ...fresh, at: file.at + 1 };
  }

  /** Readable by its owner alone, whole or not at all; the last one given stays. */
  write(ring: StoredKeys): Promise<void> {
    const { path } = this;
    if (path === undefined) return Promise.resolve();
    const written = this.written.then(() => this.replace(path, ring));
    this.written = written.catch(() => {});
    return written;
  }

  private async replace(path: string, { keys, primary, at }: StoredKeys): Promise<void> {
    const body = JSON.stringify({ configured: this.configured, keys, primary, at }, undefined, 2);
    const next = `${path}.new`;
    await writeFile(next, `${body}\n`, { mode: 0o600, flush: true });
    // The mode is for a file that is made; one that a crash left keeps its own.
    await chmod(next, 0o600);
    await rename(next, path);
  }

  private parse(text: string): z.infer<typeof stored> {
    try {
      return stored.parse(JSON.parse(text));
    } catch (cause) {
      throw new ServiceDiscoveryError('CORRUPT', `${this.path} is no keyring`, {
        cause,
        details: { hint: 'Remove it to begin with the keys of the configuration.' },
      });
    }
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}
