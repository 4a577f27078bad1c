import { isIP } from 'node:net';
import type { Json } from './format.js';

/** What a placeholder inside a text may stand for. */
const IN_TEXT = new Map([
  ['index', '[1-9]\\d*'],
  ['time', '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)'],
  ['ms', '\\d+'],
  ['serial', '\\d+'],
  ['hash', '[0-9a-f]+'],
  ['cache', '(?:HIT|MISS)'],
  ['backend', '[a-z-]+'],
]);
const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';

/** A value that is a placeholder and nothing else, and may be more than a text. */
const WHOLE = new Map<string, (value: Json) => boolean>([
  ['index', (value) => Number.isInteger(value) && (value as number) > 0],
  ['text', (value) => typeof value === 'string'],
  ['number', (value) => typeof value === 'number'],
  ['boolean', (value) => typeof value === 'boolean'],
  ['address', (value) => typeof value === 'string' && isIP(value) !== 0],
  ['hostport', (value) => typeof value === 'string' && /:\d+$/.test(value)],
  ['list', (value) => Array.isArray(value)],
  ['object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value)],
  ['truncated', () => true],
]);

const PLACEHOLDER = /<([a-z][a-z-]*)(?:#(\d+))?>/g;

/**
 * What the placeholders of one scenario stand for. Names (`<node>`, `<run>`, a listener's address) are known; a
 * numbered identity means the same value wherever it stands, and different numbers mean different values.
 */
export class Placeholders {
  private readonly names = new Map<string, string>();
  private identities = new Map<string, string>();

  name(placeholder: string, value: string): void {
    this.names.set(placeholder, value);
  }

  /** Whether a recorded scalar stands for this value. Identities met for the first time are bound. */
  matches(recorded: Json, value: Json): boolean {
    if (typeof recorded !== 'string') return recorded === value;
    const whole = /^<([a-z]+)>$/.exec(recorded)?.[1] ?? '';
    const kind = WHOLE.get(whole);
    if (kind?.(value)) return true;
    return typeof value === 'string' && this.matchesText(recorded, value);
  }

  /** Tries something that binds identities; a failure leaves none behind. */
  attempt(work: () => boolean): boolean {
    const before = new Map(this.identities);
    const ok = work();
    if (!ok) this.identities = before;
    return ok;
  }

  private matchesText(recorded: string, value: string): boolean {
    const numbers: string[] = [];
    const pattern = recorded.split(PLACEHOLDER);
    let source = '';
    // split gives text, name, number, text, name, number, …
    for (let part = 0; part < pattern.length; part += 3) {
      source += escaped(pattern[part] ?? '');
      const name = pattern[part + 1];
      if (name === undefined) continue;
      const number = pattern[part + 2];
      if (number !== undefined) numbers.push(number);
      source += number === undefined ? this.sourceOf(name) : `(${UUID})`;
    }
    const found = new RegExp(`^${source}$`, 's').exec(value);
    return (
      found !== null &&
      this.attempt(() => numbers.every((number, place) => this.bind(number, found[place + 1] as string)))
    );
  }

  private sourceOf(name: string): string {
    const known = this.names.get(name);
    if (known !== undefined) return escaped(known);
    return IN_TEXT.get(name) ?? escaped(`<${name}>`);
  }

  private bind(number: string, value: string): boolean {
    const bound = this.identities.get(number);
    if (bound !== undefined) return bound === value;
    if ([...this.identities.values()].includes(value)) return false;
    this.identities.set(number, value);
    return true;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
