import { describe, expect, test } from 'vitest';
import { isEmptyCheck, shownDuration, toCheckDefinition, wireDurationMs } from './check-definition.js';
import type { CheckRegistration } from './wire/index.js';

describe('a check that is refused says why, first rule first', () => {
  const INTERVAL = 'Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks';
  const cases: readonly (readonly [CheckRegistration, string])[] = [
    [{ TTL: '10s', Interval: '10s' }, 'Interval and TTL cannot both be specified'],
    [{ TTL: '10s', Interval: '10s', HTTP: 'http://x/' }, 'Interval and TTL cannot both be specified'],
    [{ HTTP: 'http://x/' }, INTERVAL],
    [{ TCP: 'x:1', Interval: '-1s' }, INTERVAL],
    [{ UDP: 'x:1' }, INTERVAL],
    [{ OSService: 'x' }, INTERVAL],
    [{ H2PING: 'x:1' }, INTERVAL],
    [{ GRPC: 'x:1' }, INTERVAL],
    [{ Args: ['true'] }, INTERVAL],
    [{ HTTP: 'http://x/', Interval: '1s', AliasService: 'y' }, 'Interval cannot be set for Alias checks'],
    [{ AliasService: 'y', TTL: '1s' }, 'TTL must be not be set for Alias checks'],
    [{}, 'TTL must be > 0 for TTL checks'],
    [{ TTL: '-1s' }, 'TTL must be > 0 for TTL checks'],
    [{ DockerContainerID: 'c' }, 'TTL must be > 0 for TTL checks'],
    [{ TTL: '1s', OutputMaxSize: -1 }, 'MaxOutputMaxSize must be positive'],
    [{ TTL: '1s', FailuresBeforeWarning: 2 }, "FailuresBeforeWarning can't be higher than FailuresBeforeCritical"],
    [{ Runner: 'mine', Interval: '1s' }, 'no check runner is named "mine"'],
  ];

  test.each(cases)('%j', (body, text) => {
    expect(() => toCheckDefinition(body)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `Invalid check: ${text}` }),
    );
  });
});

describe('a check that is taken', () => {
  test.each<[CheckRegistration, string, string]>([
    [{ TTL: '10s', HTTP: '', TCP: '' }, 'ttl', ''],
    [{ HTTP: 'http://x/', TCP: 'x:1', Interval: '1s' }, 'http', 'http://x/'],
    [{ TCP: 'x:1', UDP: 'x:2', Interval: '1s' }, 'tcp', 'x:1'],
    [{ UDP: 'x:2', GRPC: 'x:3', Interval: '1s' }, 'udp', 'x:2'],
    [{ GRPC: 'x:3/s', Args: ['a'], Interval: '1s' }, 'grpc', 'x:3/s'],
    [{ DockerContainerID: 'c', Args: ['a'], Interval: '1s' }, 'docker', 'c'],
    [{ OSService: 'nginx', Args: ['a'], Interval: '1s' }, 'os_service', 'nginx'],
    [{ Args: ['a'], H2PING: 'x:1', Interval: '1s' }, 'script', ''],
    [{ H2PING: 'x:1', Interval: '1s' }, 'h2ping', 'x:1'],
    [{ AliasService: 'db-1' }, 'alias', 'db-1'],
  ])('has one kind: %j', (body, type, target) => {
    expect(toCheckDefinition(body)).toMatchObject({ type, target });
  });

  test('has its durations in milliseconds and its defaults filled in', () => {
    expect(
      toCheckDefinition({ HTTP: 'http://x/', Interval: 1_500_000_000, DeregisterCriticalServiceAfter: '90s' }),
    ).toMatchObject({
      intervalMs: 1500,
      timeoutMs: 10_000,
      ttlMs: 0,
      deregisterCriticalServiceAfterMs: 90_000,
      outputMaxSizeBytes: 4096,
    });
    expect(toCheckDefinition({ Args: ['x'], Interval: '1s' }).timeoutMs).toBe(30_000);
    expect(toCheckDefinition({ TCP: 'x:1', Interval: '1s', Timeout: '2s' }).timeoutMs).toBe(2000);
  });

  test('warns at the number of failures at which it turns critical, unless told otherwise', () => {
    expect(toCheckDefinition({ TTL: '1s', FailuresBeforeCritical: 3 })).toMatchObject({ failuresBeforeWarning: 3 });
    expect(toCheckDefinition({ TTL: '1s', FailuresBeforeCritical: 3, FailuresBeforeWarning: 1 })).toMatchObject({
      failuresBeforeWarning: 1,
    });
  });

  test('keeps no more output than the agent allows', () => {
    expect(toCheckDefinition({ TTL: '1s', OutputMaxSize: 100 }).outputMaxSizeBytes).toBe(100);
    expect(toCheckDefinition({ TTL: '1s', OutputMaxSize: 9999 }).outputMaxSizeBytes).toBe(4096);
    expect(toCheckDefinition({ TTL: '1s' }, { checkOutputMaxBytes: 10 }).outputMaxSizeBytes).toBe(10);
  });

  test('may be run by a runner of the embedding program', () => {
    const body = { Runner: 'mine', TCP: 'db:5432', Interval: '1s' };
    const definition = toCheckDefinition(body, { hasRunner: (name) => name === 'mine' });
    expect(definition).toMatchObject({ type: 'custom', runner: 'mine', target: 'db:5432' });
  });
});

test('durations of bodies are Go text or nanoseconds', () => {
  expect([wireDurationMs('1m30s'), wireDurationMs(10_000_000), wireDurationMs(undefined)]).toEqual([90_000, 10, 0]);
  expect(() => wireDurationMs('soon')).toThrow('time: invalid duration "soon"');
  expect([shownDuration('60s', ''), shownDuration(undefined, '0s'), shownDuration('', '')]).toEqual(['1m0s', '0s', '']);
});

test('a check without anything in it is none', () => {
  expect(isEmptyCheck({ HTTP: '', Args: null, TLSSkipVerify: false })).toBe(true);
  expect(isEmptyCheck({ Name: 'c' })).toBe(false);
});
