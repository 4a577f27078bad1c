/**
 * Which tables a LevelDB consists of, by its manifest: a log of edits that add and remove files. Formats: LevelDB's
 * doc/log_format.md, doc/impl.md ("Manifest") and the tags of its version edits.
 */
const LOG_BLOCK_BYTES = 32 * 1024;
const LOG_HEADER_BYTES = 7;
const FULL = 1;
const LAST = 4;

/** What follows each tag of an edit: n a number, s a string with its length before it. */
const FIELDS: ReadonlyMap<number, string> = new Map([
  [1, 's'],
  [2, 'n'],
  [3, 'n'],
  [4, 'n'],
  [5, 'ns'],
  [6, 'nn'],
  [7, 'nnnss'],
  [9, 'n'],
]);
const REMOVED = 6;
const ADDED = 7;

/** Numbers of the tables in use; undefined when the manifest is not one that can be read. */
export function tablesIn(manifest: Buffer): ReadonlySet<number> | undefined {
  const tables = new Set<number>();
  try {
    for (const edit of records(manifest)) applyEdit(edit, tables);
  } catch {
    return undefined;
  }
  return tables;
}

function* records(log: Buffer): Iterable<Buffer> {
  let parts: Buffer[] = [];
  let at = 0;
  while (at + LOG_HEADER_BYTES <= log.length) {
    const left = LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES);
    if (left < LOG_HEADER_BYTES) {
      at += left;
      continue;
    }
    const type = log[at + 6] as number;
    const end = at + LOG_HEADER_BYTES + log.readUInt16LE(at + 4);
    if (end > log.length) return;
    parts.push(log.subarray(at + LOG_HEADER_BYTES, end));
    if (type === FULL || type === LAST) {
      yield Buffer.concat(parts);
      parts = [];
    }
    at = end;
  }
}

function applyEdit(edit: Buffer, tables: Set<number>): void {
  const reader = new EditReader(edit);
  while (!reader.done) {
    const tag = reader.number();
    const fields = FIELDS.get(tag);
    if (fields === undefined) throw new RangeError(`unknown tag ${tag}`);
    const numbers: number[] = [];
    for (const field of fields) {
      if (field === 'n') numbers.push(reader.number());
      else reader.skipString();
    }
    // The level, then the file.
    if (tag === ADDED) tables.add(numbers[1] as number);
    if (tag === REMOVED) tables.delete(numbers[1] as number);
  }
}

class EditReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Seven bits a byte, least significant first. */
  number(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('a number that never ends');
  }

  skipString(): void {
    const length = this.number();
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError('a string that is cut short');
  }
}
