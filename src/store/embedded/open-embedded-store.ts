import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { defaults, isDiscoveryError } from '../../model/index.js';
import type { ServiceDiscoveryError, Store } from '../../model/index.js';
import { realClock, silentLogger } from '../../runtime/index.js';
import type { Clock, Logger } from '../../runtime/index.js';
import type { FeedBounds } from '../change-feed.js';
import { damaged, openFailure, writeFailure } from './damage.js';
import { ensureDataDir, FORMAT, readFormat, writeFormat } from './data-dir.js';
import type { DataDir } from './data-dir.js';
import { EmbeddedStore } from './embedded-store.js';
import { openLevelEngine } from './engine.js';
import type { Engine } from './engine.js';
import { writeDurably } from './files.js';
import { assertTablesWhole, dropEvidence, keepEvidence, located } from './evidence.js';
import { HighWaterMark, readHighWaterMark } from './high-water-mark.js';
import { assertNothingLost, load } from './load.js';
import type { Loaded } from './load.js';
import { migrate } from './migrate.js';
import { encodeState, STATE_KEY } from './records.js';
import { Tally } from './tally.js';

export interface EmbeddedStoreOptions {
  /** Created with its parents when absent. */
  readonly dataDir: string;
  /** For rows of a format that did not name it. Default: dc1. */
  readonly datacenter?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Default 50. */
  readonly lazyDelayMs?: number;
  readonly history?: FeedBounds;
  /** The disk failed: nothing more is accepted, and the owner should end. `follow` ends with the same error. */
  readonly onFatal?: (error: ServiceDiscoveryError) => void;
  /** The engine, for tests of a failing disk. */
  readonly openEngine?: typeof openLevelEngine;
}

/**
 * Rejects with UNAVAILABLE when the directory cannot be used or another agent uses it, UNSUPPORTED when its format is
 * newer than ours, and CORRUPT when what was acknowledged is not all there.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const { logger = silentLogger, openEngine = openLevelEngine } = options;
  const dir = await ensureDataDir(options.dataDir);
  const format = readFormat(dir);
  if (format !== undefined && format < FORMAT) {
    await migrate(dir, format, { datacenter: options.datacenter ?? defaults.datacenter, logger });
  }
  const engine = await openProving(dir, () => openEngine(dir.store, { create: format === undefined }));
  try {
    const { known, mark } = await proving(dir, async () => {
      const loaded = await load(dir, engine);
      return format === undefined ? make(dir, engine, loaded) : reopen(dir, loaded);
    });
    dropEvidence(dir);
    // Only a hint for the text that refuses a second agent; the engine's lock decides.
    writeDurably(dir.owner, `${process.pid}\n`);
    logger.info({ dataDir: dir.path, index: known.state.ceiling, rows: known.texts.length }, 'store.opened');
    return assemble(dir, engine, known, mark, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

interface Opened {
  readonly known: Loaded;
  readonly mark: HighWaterMark;
}

function reopen(dir: DataDir, loaded: Loaded | undefined): Opened {
  if (!loaded) throw damaged(dir, dir.store, 'it is empty');
  assertNothingLost(dir, loaded.state, readHighWaterMark(dir.mark));
  const mark = HighWaterMark.open(dir.mark);
  mark.raise(loaded.state.batch);
  return { known: loaded, mark };
}

/** FORMAT comes last: whoever finds none after a crash in here starts over. */
async function make(dir: DataDir, engine: Engine, loaded: Loaded | undefined): Promise<Opened> {
  if ((loaded?.state.batch ?? 0) > 0) throw damaged(dir, dir.format, 'it is missing');
  const state = { index: 0, ceiling: 0, batch: 0, space: randomUUID(), tally: new Tally() };
  await engine.write([[STATE_KEY, encodeState(state)]]);
  const mark = HighWaterMark.open(dir.mark, state.batch);
  writeFormat(dir);
  return { known: { state, texts: [] }, mark };
}

function assemble(dir: DataDir, engine: Engine, loaded: Loaded, mark: HighWaterMark, options: EmbeddedStoreOptions) {
  const { clock = realClock, lazyDelayMs = defaults.storeLazyDelayMs, logger = silentLogger } = options;
  return new EmbeddedStore(loaded, {
    engine,
    clock,
    lazyDelayMs,
    history: options.history,
    acknowledging: (batch) => mark.raise(batch),
    explain: (error) => writeFailure(dir, error),
    onFatal: (error) => {
      logger.error({ err: error, dataDir: dir.path }, 'store.failed');
      options.onFatal?.(error);
    },
    released: () => {
      mark.close();
      rmSync(dir.owner, { force: true });
    },
  });
}

async function openProving(dir: DataDir, open: () => Promise<Engine>): Promise<Engine> {
  const keptNow = keepEvidence(dir);
  try {
    return await proving(dir, () => {
      assertTablesWhole(dir);
      return open();
    });
  } catch (error) {
    // Another agent's log, perhaps: it is not ours to hold on to.
    if (keptNow && !isDiscoveryError(error, 'CORRUPT')) dropEvidence(dir);
    throw error;
  }
}

async function proving<T>(dir: DataDir, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const error = isDiscoveryError(cause) ? cause : openFailure(dir, cause);
    throw error.code === 'CORRUPT' ? located(dir, error) : error;
  }
}
