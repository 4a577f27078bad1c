import { describe, expect, test } from 'vitest';
import type { StartedRegistry } from '../testing/started-registry.js';
import { startedRegistry } from '../testing/started-registry.js';

type Name = (typeof NAMES)[number];
const NAMES = ['registered', 'changed', 'deregistered', 'healthChanged', 'expired'] as const;

function show(row: unknown): string {
  const { id, checkId, port, status } = (row ?? {}) as Record<string, string | number>;
  return row ? `${id ?? checkId ?? ''}(${status ?? port ?? ''})` : '-';
}

/** Every event as a short line. */
function listened(at: StartedRegistry): string[] {
  const told: string[] = [];
  const line = (name: Name, before: unknown, after: unknown): void => {
    told.push(`${name} ${show(before)} ${show(after)}`);
  };
  for (const name of NAMES) {
    at.registry.on(name, (event) => line(name, 'before' in event && event.before, 'after' in event && event.after));
  }
  return told;
}

describe('events', () => {
  test('tell what was before and what is after, once the catalog shows it', async () => {
    await using at = await startedRegistry();
    const told = listened(at);
    at.registry.on('registered', ({ after, index }) => {
      expect(at.catalog.service('n1', after.id)?.modifyIndex).toBe(index);
    });
    await at.registry.registerService({ Name: 'web', Port: 1, Check: { TTL: '1h' } });
    await at.registry.registerService({ Name: 'web', Port: 2 });
    await at.registry.registerService({ Name: 'web', Port: 2 });
    await at.registry.updateTtl('service:web', 'passing', 'x');
    await at.registry.updateTtl('service:web', 'passing', 'y');
    await at.registry.deregisterService('web');
    expect(told).toEqual([
      'registered - web(1)',
      'healthChanged - service:web(critical)',
      'changed web(1) web(2)',
      'healthChanged service:web(critical) service:web(passing)',
      'deregistered web(2) -',
      'healthChanged service:web(passing) -',
    ]);
  });

  test('say what lapsed, and why', async () => {
    await using at = await startedRegistry();
    const check = { TTL: '10s', Status: 'passing', DeregisterCriticalServiceAfter: '1m' };
    await at.registry.registerService({ Name: 'web', Check: check });
    const session = await at.registry.createSession({ TTL: '20s', Checks: [] });
    const reasons: string[] = [];
    at.registry.on('expired', ({ reason }) => reasons.push(reason));
    const told = listened(at);
    await at.clock.advance(10_000);
    expect(told).toEqual([
      'expired service:web(passing) service:web(critical)',
      'healthChanged service:web(passing) service:web(critical)',
    ]);
    await at.clock.advance(90_000);
    expect(reasons).toEqual(['ttl', 'session-ttl', 'critical-too-long']);
    expect(told).toContain(`expired ${session}() -`);
    expect(told).toContain('deregistered web(0) -');
  });

  test('do not take a report for a lapse', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'beat', TTL: '10s' });
    await at.clock.advance(10_000);
    const told = listened(at);
    await at.registry.updateTtl('beat', 'passing', '');
    await at.registry.updateTtl('beat', 'critical', '');
    expect(told.filter((line) => line.startsWith('expired'))).toEqual([]);
  });

  test('reach other listeners when one throws, and the catalog goes on', async () => {
    await using at = await startedRegistry();
    const seen: string[] = [];
    at.registry.on('registered', () => {
      throw new Error('mine');
    });
    const off = at.registry.on('registered', ({ after }) => seen.push(after.id));
    await at.registry.registerService({ Name: 'a' });
    off();
    off();
    await at.registry.registerService({ Name: 'b' });
    expect(seen).toEqual(['a']);
    expect(at.catalog.hasService('b')).toBe(true);
  });

  test('keep private metadata out', async () => {
    await using at = await startedRegistry({ registrationPolicy: { privateMetaKeys: ['cost'] } });
    const metas: unknown[] = [];
    at.registry.on('registered', ({ after }) => metas.push(after.meta));
    await at.registry.registerService({ Name: 'a', Meta: { cost: '9', team: 'x' } });
    await at.registry.registerService({ Name: 'b', Meta: { cost: '9' } });
    expect(metas).toEqual([{ team: 'x' }, {}]);
    expect(at.catalog.service('n1', 'b')?.meta).toEqual({ cost: '9' });
    expect([...at.registry.privateMetaKeys]).toEqual(['cost']);
  });
});
