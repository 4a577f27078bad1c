import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { storeSuite } from '../../testing/store-suite.js';
import { openEmbeddedStore } from './index.js';

describe('the embedded store', () => {
  const history = { sets: 16, changes: 64 };
  const subject = async () => {
    const parent = await mkdtemp(join(tmpdir(), 'datapunk-store-'));
    return {
      open: () => openEmbeddedStore({ dataDir: join(parent, 'data'), history, lazyDelayMs: 5 }),
      persistent: true,
      dispose: () => rm(parent, { recursive: true }),
    };
  };
  for (const { name, run } of storeSuite(subject)) test(name, run);
});
