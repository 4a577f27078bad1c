import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maintenanceDefinition } from '../model/index.js';
import { headOf, soundResult, TailBuffer } from './output.js';
import { ttlExpiredOutput, ttlNote } from './ttl.js';

describe('TailBuffer', () => {
  it('keeps exactly the last bytes, however they were cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary-ascii', maxLength: 40 })),
        fc.integer({ min: 1, max: 64 }),
        (parts, most) => {
          const tail = new TailBuffer(most);
          for (const part of parts) tail.push(Buffer.from(part));
          const whole = parts.join('');
          expect(tail.toString()).toBe(whole.slice(-most));
          expect(tail.totalBytes).toBe(whole.length);
        },
      ),
    );
  });

  it('drops a character that was cut in two', () => {
    const tail = new TailBuffer(5);
    tail.push(Buffer.from('ab€€'));
    expect(tail.toString()).toBe('€');
  });
});

describe('headOf', () => {
  it('leaves a short text alone and says what is missing of a long one', () => {
    expect(headOf('short', 5)).toBe('short');
    expect(headOf('longer', 5)).toBe('longe ... (captured 5 of 6 bytes)');
    expect(headOf('€€', 4)).toBe('€ ... (captured 4 of 6 bytes)');
  });
});

function sound(result: unknown) {
  return soundResult(maintenanceDefinition, result);
}

describe('a result of any runner', () => {
  it('has a status and a bounded output', () => {
    expect(sound({ status: 'passing', output: 'fine' })).toEqual({ status: 'passing', output: 'fine' });
    expect(sound({ status: 'warning' })).toEqual({ status: 'warning', output: '' });
    for (const nonsense of [undefined, null, 7, 'passing', {}, { status: 'toString' }]) {
      expect(sound(nonsense).status).toBe('critical');
    }
    expect(sound({ status: 'passing', output: 'x'.repeat(1e6) }).output.length).toBeLessThan(5_300);
  });
});

describe('TTL texts', () => {
  it('keep what was last said', () => {
    expect(ttlExpiredOutput('')).toBe('TTL expired');
    expect(ttlExpiredOutput('fine')).toBe('TTL expired (last output before timeout follows): fine');
    expect(ttlNote('x'.repeat(5_000), 4_096)).toBe(`${'x'.repeat(4_096)} ... (captured 4096 of 5000 bytes)`);
  });
});
