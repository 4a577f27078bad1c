/** I11: what a blocking query waits for. An index never falls, rises with every change, and whoever waits is woken. */
import type { AppliedChange, Catalog } from '../../../src/catalog/index.js';
import type { ServiceView } from '../../../src/model/index.js';
import { topic } from '../../../src/model/index.js';
import type { Merge } from '../../../src/sync/index.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import { require } from './violation.js';

const SERVICES = ['web', 'db', 'api', 'consul'];
const KEYS = ['k1', 'k2', 'lock/x'];

/** One who reads again and again, and sleeps in between. */
interface Reader {
  read(): { readonly index: number; readonly value: unknown };
  last: { readonly index: number; readonly value: unknown };
  isWoken: boolean;
  readonly what: string;
}

export class ReaderJudge implements Watcher {
  private readonly readers = new WeakMap<Catalog, Reader[]>();

  started(life: Life): void {
    this.watch(life.local.catalog);
  }

  committed(life: Life, applied: readonly AppliedChange[]): void {
    if (applied.length > 0) this.judge(life, life.local.catalog);
  }

  merged(life: Life, { target }: Merge, applied: readonly AppliedChange[]): void {
    if (applied.length === 0) return;
    const { catalog } = life.shelfOf(target);
    if (this.readers.has(catalog)) this.judge(life, catalog);
    else this.watch(catalog);
  }

  private watch(catalog: Catalog): void {
    const ofService = (name: string): Reader =>
      reader(catalog, topic.service(name), `service ${name}`, () => {
        const view = catalog.serviceView(name);
        return { index: view.index, value: view };
      });
    const ofKey = (key: string): Reader =>
      reader(catalog, topic.key(key), `key ${key}`, () => {
        const { index, value } = catalog.kvAnswer(key);
        return { index, value };
      });
    this.readers.set(catalog, [...SERVICES.map(ofService), ...KEYS.map(ofKey)]);
  }

  private judge(life: Life, catalog: Catalog): void {
    for (const reader of this.readers.get(catalog) ?? []) {
      const { last } = reader;
      const now = reader.read();
      const what = (): string => `${life.self.name}, ${reader.what}, from ${last.index} to ${now.index}`;
      require(now.index >= last.index, 'I11', () => `an index fell: ${what()}`);
      if (!isSame(now.value, last.value)) {
        require(now.index > last.index, 'I11', () => `a change without an index: ${what()}`);
        require(reader.isWoken, 'I11', () => `nobody was woken: ${what()}`);
      }
      reader.last = now;
      reader.isWoken = false;
    }
  }
}

function reader(catalog: Catalog, on: Parameters<Catalog['subscribe']>[0], what: string, read: Reader['read']): Reader {
  const one: Reader = { read, what, last: read(), isWoken: false };
  catalog.subscribe(on, () => {
    one.isWoken = true;
  });
  return one;
}

/** A view keeps its identity while it is the same; one that is empty is made for each read. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (isEmpty(a) && isEmpty(b));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (value as ServiceView).instances?.length === 0;
}
