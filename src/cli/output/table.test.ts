import { describe, expect, test } from 'vitest';
import { memoryIo } from '../../testing/memory-io.js';
import { table } from './table.js';

interface Row {
  readonly name: string;
  readonly count: number;
}

const columns = [
  { title: 'NAME', value: (row: Row) => row.name },
  { title: 'N', value: (row: Row) => String(row.count), align: 'right' as const },
  { title: 'LAST', value: () => 'x' },
];

describe('a table', () => {
  test('aligns its columns and leaves no spaces at the ends', () => {
    const { io } = memoryIo();
    expect(
      table(io, columns, [
        { name: 'a', count: 5 },
        { name: 'longer', count: 10 },
      ]),
    ).toBe(['NAME     N  LAST', 'a        5  x', 'longer  10  x', ''].join('\n'));
  });

  test('counts painted text by what is seen', () => {
    const { io } = memoryIo({ colour: true });
    const painted = [
      { title: 'STATUS', value: () => io.paint('green', 'ok') },
      { title: 'B', value: () => 'b' },
    ];
    expect(table(io, painted, [{}])).toContain('\u001b[32mok\u001b[39m      b\n');
  });

  test('counts wide characters as two columns', () => {
    const { io } = memoryIo();
    const wide = [
      { title: 'A', value: (text: string) => text },
      { title: 'B', value: () => '|' },
    ];
    expect(table(io, wide, ['日本', 'abcd'])).toBe('A     B\n日本  |\nabcd  |\n');
  });

  test('keeps a row on one line of a terminal, and whole in a pipe', () => {
    const row = { name: 'n'.repeat(30), count: 1 };
    expect(table(memoryIo({ columns: 20 }).io, columns, [row]).split('\n')[1]).toBe(`${'n'.repeat(19)}…\u001b[0m`);
    expect(table(memoryIo().io, columns, [row])).toContain('n'.repeat(30));
  });

  test('shows control characters of strangers instead of obeying them', () => {
    const { io } = memoryIo();
    const text = table(io, columns, [{ name: 'a\u001b[2J\nb\u0007\u001b[8mhidden\u202e', count: 1 }]);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain('a\\u001b[2J\\nb\\u0007\\u001b[8mhidden\\u202e');
  });
});
