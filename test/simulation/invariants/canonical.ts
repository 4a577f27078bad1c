import type { Row } from '../../../src/model/index.js';

const texts = new WeakMap<Row, string>();

/** What a row says, whatever its indexes at this agent: equal texts for equal facts. */
export function saying(row: Row): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = canonical({ ...row, createIndex: 0, modifyIndex: 0 });
  texts.set(row, text);
  return text;
}

function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${name}:${canonical(field)}`).join()}}`;
}
