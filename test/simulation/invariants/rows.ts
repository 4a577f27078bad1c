/**
 * I2 a row is never altered by anybody but its origin, I4 what is gone does not come back, and a lookup never shows half of
 * a stream: whoever is at some position of a stream shows, of each of its rows, what the origin had said of it by then,
 * or something that the origin said later.
 */
import type { AppliedChange } from '../../../src/catalog/index.js';
import type { CatalogView, Row } from '../../../src/model/index.js';
import { refKey, refOf } from '../../../src/model/index.js';
import type { Merge, Origin, Position } from '../../../src/sync/index.js';
import type { Effects, SyncInput } from '../../../src/sync/step/types.js';
import type { Life } from '../agent/life.js';
import { rowAt } from '../agent/row-at.js';
import type { Watcher } from '../agent/watcher.js';
import { saying } from './canonical.js';
import type { Chronicle, Saying } from './chronicle.js';
import { require, Violation } from './violation.js';

type Shown = Extract<Row, { kind: 'node' | 'service' | 'check' }>;

export class RowJudge implements Watcher {
  private hasMerged = false;

  constructor(private readonly chronicle: Chronicle) {}

  merged(life: Life, { target }: Merge, applied: readonly AppliedChange[]): void {
    if (target.type === 'state') return;
    this.hasMerged = true;
    for (const { after } of applied) {
      if (!after || !isShown(after) || after.origin === life.origin) continue;
      require(this.wasSaid(after), 'I2', () => `${life.self.name} shows what nobody said: ${saying(after)}`);
    }
  }

  stepped(life: Life, _input: SyncInput, _effects: Effects): void {
    if (!this.hasMerged) return;
    this.hasMerged = false;
    for (const [origin, rows] of this.chronicle.said) {
      if (origin === life.origin) continue;
      const position = life.state.streams.position(origin);
      // At version 0 it is known that there is such an incarnation, and no more.
      if (position.ver > 0) this.judge(life, origin, rows, position);
    }
  }

  private judge(life: Life, origin: Origin, rows: ReadonlyMap<string, readonly Saying[]>, at: Position): void {
    const catalog = catalogFor(life, origin);
    if (!catalog) return;
    for (const [key, list] of rows) {
      const from = list.findLastIndex((saying) => isIncluded(saying, at));
      if (from < 0) continue;
      const shown = rowAt(catalog, key);
      if (shown?.origin === origin) this.judgeShown(life, shown, list, from, at);
      else if (!shown) this.judgeAbsent(life, origin, list, from, at);
    }
  }

  private judgeShown(life: Life, row: Shown, list: readonly Saying[], from: number, at: Position): void {
    const text = saying(row);
    if (isVerdict(row) || list.some((said, index) => index >= from && said.text === text)) return;
    const what = `${life.self.name}, at ${at.inc}/${at.ver} of ${row.origin}, shows ${text}`;
    throw new Violation('I4', `${what} though it was told ${list[from]?.text ?? 'that it is gone'}`);
  }

  private judgeAbsent(life: Life, origin: Origin, list: readonly Saying[], from: number, at: Position): void {
    const expected = list[from] as Saying;
    if (!expected.row || list.slice(from).some((said) => !said.row)) return;
    if (!isKept(life, origin) || this.chronicle.isDeletedByOthers(refOf(expected.row), origin, expected)) return;
    if (isHiddenWithHead(life, origin, expected.row)) return;
    const what = `${life.self.name}, at ${at.inc}/${at.ver} of ${origin}, does not show`;
    throw new Violation('I5', `${what} ${expected.text}, said at ${expected.position?.inc}/${expected.position?.ver}`);
  }

  private wasSaid(row: Shown): boolean {
    if (isVerdict(row)) return true;
    const text = saying(row);
    return (
      this.chronicle.said
        .get(row.origin)
        ?.get(refKey(refOf(row)))
        ?.some((said) => said.text === text) ?? false
    );
  }
}

/** The catalog in which an origin's rows are shown. */
function catalogFor(life: Life, origin: Origin): CatalogView | undefined {
  const datacenter = life.state.members.of(origin)?.info.datacenter;
  if (datacenter === undefined) return undefined;
  return datacenter === life.self.datacenter ? life.catalog : life.copyOfDatacenter(datacenter)?.catalog;
}

/** Of whom a life keeps the rows: who has left is dropped, and so is who was dead for too long. */
function isKept(life: Life, origin: Origin): boolean {
  const state = life.state.members.of(origin)?.state;
  return state !== undefined && state !== 'left' && state !== 'leaving';
}

/** A check stands and falls with what it is of: another origin's is shown there. */
export function isHiddenWithHead(life: Life, origin: Origin, row: Row): boolean {
  if (row.kind !== 'check') return false;
  const catalog = catalogFor(life, origin);
  const head = row.serviceId === '' ? catalog?.node(row.node) : catalog?.service(row.node, row.serviceId);
  return head !== undefined && head.origin !== origin;
}

/** The view of a dead agent's node: no word of its origin. */
export function isVerdict(row: Row): boolean {
  return row.kind === 'check' && row.checkId === 'serfHealth' && row.status === 'critical' && row.output === VERDICT;
}

const VERDICT = 'Agent not live or unreachable';

function isIncluded({ position }: Saying, at: Position): boolean {
  return position !== undefined && (position.inc < at.inc || (position.inc === at.inc && position.ver <= at.ver));
}

function isShown(row: Row): row is Shown {
  return row.kind === 'node' || row.kind === 'service' || row.kind === 'check';
}
