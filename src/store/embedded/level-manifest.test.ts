import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { assert, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../testing/store-tools.js';
import { tablesIn } from './level-manifest.js';

test('the tables of a real database, through compactions and restarts', async () => {
  const { path, remove } = await temporaryDirectory();
  try {
    for (let life = 0; life < 3; life++) {
      const level = new ClassicLevel(path);
      for (let n = 0; n < 300; n++) await level.put(`key ${n % 100}`, `${life} ${n}`.repeat(2000));
      if (life === 1) await level.compactRange('key 0', 'key 99');
      await level.close();
      const names = readdirSync(path);
      const manifest = names.find((name) => name.startsWith('MANIFEST-')) as string;
      const found = names.filter((name) => name.endsWith('.ldb')).map((name) => Number.parseInt(name, 10));
      expect(tablesIn(readFileSync(join(path, manifest)))).toEqual(new Set(found));
      expect(found.length).toBeGreaterThan(life === 0 ? -1 : 0);
    }
  } finally {
    await remove();
  }
});

test('any bytes are a manifest or none, quickly', () => {
  assert(
    property(uint8Array({ maxLength: 70_000 }), (bytes) => {
      tablesIn(Buffer.from(bytes));
    }),
  );
});
