import { describe, expect, test } from 'vitest';
import { HealthCheckDefinition, isDiscoveryError, type ServiceRegistration } from '../../model/index.js';
import { standardCheck } from './check-body.js';
import type { CheckRequest, RegistrationRequest } from './registration.js';
import { planRegistration, type RegistrationDefaults } from './registration-body.js';

const NODE = { nodeAddress: '10.0.0.9', nodeName: 'n1', locality: true };
const newId = (): string => 'u1';

function body(request: RegistrationRequest, fallback: RegistrationDefaults = {}, target = NODE): ServiceRegistration {
  return planRegistration('api', request, fallback, newId).body(target);
}

function one(check: RegistrationRequest['check'], rest: Partial<RegistrationRequest> = {}, fallback = {}) {
  return body({ port: 80, ...rest, check }, fallback).Check;
}

function refused(request: unknown, service: unknown = 'api'): Record<string, string> {
  try {
    planRegistration(service as string, request as RegistrationRequest, {}, newId);
  } catch (error) {
    if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
    return Object.fromEntries((error.details.violations ?? []).map(({ field, rule }) => [field, rule]));
  }
  return {};
}

test('a bare instance', () => {
  expect(body({ port: 80 })).toEqual({ ID: 'api-u1', Name: 'api', Tags: [], Address: '', Port: 80, Meta: {} });
});

test('the standard’s fields travel as metadata, which wins', () => {
  const request = {
    port: 80,
    version: '1.0.0',
    type: 'rest',
    environment: 'prod',
    region: 'eu',
    zone: 'a',
    deploymentId: 'd7',
    capabilities: ['read', 'write'],
    metadata: { version: '1.0.1', team: 'x' },
  };
  const meta = {
    version: '1.0.1',
    type: 'rest',
    environment: 'prod',
    region: 'eu',
    zone: 'a',
    deployment_id: 'd7',
    capabilities: 'read,write',
    team: 'x',
  };
  expect(body(request)).toMatchObject({ Meta: meta, Locality: { Region: 'eu', Zone: 'a' } });
});

test('a target that does not know of localities is sent none', () => {
  const sent = body({ port: 80, region: 'eu' }, {}, { ...NODE, locality: false });
  expect(sent).not.toHaveProperty('Locality');
  expect(sent.Meta).toEqual({ region: 'eu' });
});

test('weights and the right to override tags', () => {
  expect(body({ port: 80, weights: { passing: 10 }, enableTagOverride: true })).toMatchObject({
    Weights: { Passing: 10, Warning: 1 },
    EnableTagOverride: true,
  });
});

describe('checks', () => {
  test.each([
    ['10.1.1.1', 'http://10.1.1.1:80/up'],
    ['::1', 'http://[::1]:80/up'],
    ['web.example', 'http://web.example:80/up'],
    [undefined, 'http://10.0.0.9:80/up'],
  ])('a path at the address %s', (address, url) => {
    expect(one({ http: '/up' }, address === undefined ? {} : { address })).toEqual({
      HTTP: url,
      Interval: '10s',
      DeregisterCriticalServiceAfter: '1m',
    });
  });

  test('the manager’s address comes before the node’s', () => {
    expect(one({ tcp: true }, {}, { address: '10.2.2.2' })).toMatchObject({ TCP: '10.2.2.2:80' });
  });

  const KINDS: readonly (readonly [CheckRequest, object])[] = [
    [{ http: 'https://x/y' }, { HTTP: 'https://x/y', Interval: '10s' }],
    [{ http: '/up', useTls: true }, { HTTP: 'https://10.0.0.9:80/up' }],
    [
      { http: '/up', method: 'HEAD', headers: { A: 'b', C: ['d', 'e'] }, body: 'x', disableRedirects: true },
      { Method: 'HEAD', Header: { A: ['b'], C: ['d', 'e'] }, Body: 'x', DisableRedirects: true },
    ],
    [
      { tcp: 'x:1', useTls: true },
      { TCP: 'x:1', TCPUseTLS: true },
    ],
    [{ udp: true }, { UDP: '10.0.0.9:80' }],
    [
      { grpc: 'x:1/svc', useTls: true, tlsServerName: 'x' },
      { GRPC: 'x:1/svc', GRPCUseTLS: true, TLSServerName: 'x' },
    ],
    [
      { h2ping: true, useTls: false },
      { H2PING: '10.0.0.9:80', H2PINGUseTLS: false },
    ],
    [{ ttl: '30s' }, { TTL: '30s' }],
    [{ script: ['a', 'b'] }, { Args: ['a', 'b'], Interval: '10s' }],
    [
      { docker: { container: 'c', args: ['a'], shell: '/bin/sh' } },
      { DockerContainerID: 'c', Args: ['a'], Shell: '/bin/sh', Interval: '10s' },
    ],
    [{ osService: 'nginx' }, { OSService: 'nginx', Interval: '10s' }],
    [{ alias: 'other' }, { AliasService: 'other' }],
    [{ raw: { HTTP: 'http://x/', Interval: '5s', OutputMaxSize: 100 } }, { HTTP: 'http://x/', OutputMaxSize: 100 }],
    [
      { tcp: true, id: 'c', name: 'n', notes: 'o', status: 'passing', interval: '5s', timeout: '1s' },
      { CheckID: 'c', Name: 'n', Notes: 'o', Status: 'passing', Interval: '5s', Timeout: '1s' },
    ],
    [
      { tcp: true, successBeforePassing: 1, failuresBeforeWarning: 2, failuresBeforeCritical: 3 },
      { SuccessBeforePassing: 1, FailuresBeforeWarning: 2, FailuresBeforeCritical: 3 },
    ],
  ];
  test.each(KINDS)('%j', (check, wire) => expect(one(check)).toMatchObject(wire));

  test('ttl and alias have no interval', () => {
    expect(one({ ttl: '30s' })).not.toHaveProperty('Interval');
    expect(one({ alias: 'x' })).not.toHaveProperty('Interval');
  });

  test('the manager’s timing, and 0s for never', () => {
    const fallback = { healthCheckInterval: '7s', deregisterCriticalTimeout: '5m' };
    expect(one({ tcp: true }, {}, fallback)).toMatchObject({
      Interval: '7s',
      DeregisterCriticalServiceAfter: '5m',
    });
    expect(one({ tcp: true, deregisterAfter: '0s' })).not.toHaveProperty('DeregisterCriticalServiceAfter');
  });

  test('a definition of the standard', () => {
    const check = new HealthCheckDefinition({ type: 'http', target: '/health', interval: '5s' });
    expect(one(check)).toMatchObject({ HTTP: 'http://10.0.0.9:80/health', Interval: '5s', Timeout: '10s' });
  });

  test('the default check holds for who names none, and null is none', () => {
    const fallback = { defaultCheck: standardCheck };
    expect(one(undefined, {}, fallback)).toEqual({
      HTTP: 'http://10.0.0.9:80/health',
      Interval: '30s',
      Timeout: '10s',
      DeregisterCriticalServiceAfter: '1m',
    });
    expect(one(null, {}, fallback)).toBeUndefined();
    expect(body({ port: 80, checks: [{ ttl: '9s' }] }, fallback)).toMatchObject({ Check: { TTL: '9s' } });
  });

  test('several, with the ids that the agent will give them', () => {
    const plan = planRegistration(
      'api',
      { id: 'a', port: 80, check: { ttl: '9s' }, checks: [{ tcp: true }, { ttl: '8s', id: 'own' }, { ttl: '7s' }] },
      {},
      newId,
    );
    expect(plan.body(NODE).Checks).toHaveLength(4);
    expect(plan.ttlChecks.map(({ checkId, ttlMs }) => [checkId, ttlMs])).toEqual([
      ['service:a:1', 9_000],
      ['own', 8_000],
      ['service:a:4', 7_000],
    ]);
  });
});

test.each([
  ['no', { port: 80 }],
  ['no', { port: 80, address: '10.1.1.1', check: { http: '/up' } }],
  ['may', { port: 80, address: '10.1.1.1', region: 'eu' }],
  ['must', { port: 80, check: { http: '/up' }, region: 'eu' }],
  ['no', { port: 80, check: { ttl: '9s' } }],
])('the target is asked about itself only when that is needed: %s, %j', (needsTarget, request) => {
  expect(planRegistration('api', request, {}, newId).needsTarget).toBe(needsTarget);
});

describe('every broken rule is named at once', () => {
  test.each<[unknown, Record<string, string>]>([
    [
      { port: 1.5, tags: 'x', zebra: 1, metdata: {} },
      {
        port: 'must be a whole number',
        tags: 'must be a list of texts',
        zebra: 'is not an option',
        metdata: 'is not an option; did you mean metadata?',
      },
    ],
    [{}, { port: 'must be a number from 0 to 65535' }],
    [{ port: -1 }, { port: 'must be from 0 to 65535' }],
    [{ port: 65_536 }, { port: 'must be from 0 to 65535' }],
    [
      {
        port: 80,
        id: 'a',
        address: '0.0.0.0',
        version: 'x'.repeat(600),
        metadata: { 'a b': 'c', 'consul-x': '' },
        weights: { passing: 0, warning: -1 },
        check: { http: 'up', interval: '5' },
        checks: [{ tcp: 'x' }, {}, { ttl: '9s', interval: '1s' }],
      },
      {
        address: 'must be one that can be dialled, not 0.0.0.0',
        version: 'is wrong: Value is too long (limit: 512 characters)',
        'metadata.a b': 'is wrong: Key contains invalid characters',
        'metadata.consul-x': "is wrong: Key prefix 'consul-' is reserved for internal use",
        'weights.passing': 'must be from 1 to 65535',
        'weights.warning': 'must be from 0 to 65535',
        'check.http': 'must be an http:// or https:// URL, or a path beginning with /',
        'check.interval': 'must be a duration like 10s or 1m30s, more than 0',
        'checks.0.tcp': "must be host:port, or true for the instance's own address",
        'checks.1': 'must have one of http, tcp, udp, grpc, h2ping, script, docker, osService, ttl, alias',
        'checks.2.interval': 'is for http, tcp, udp, grpc, h2ping, script, docker, osService, not for ttl',
      },
    ],
    [{ port: 80, address: '[::1]' }, { address: 'must be without brackets' }],
    [{ port: 80, address: 'http://x' }, { address: 'must be an IP address or a host name' }],
    [{ port: 80, id: '' }, { id: 'must not be empty' }],
    [{ port: 80, onConflict: 'fight' }, { onConflict: "must be 'take-over' or 'refuse'" }],
    [{ port: 80, check: { http: '/', tcp: true } }, { check: 'must be of one kind, not of http and tcp' }],
    [{ port: 80, check: { htpp: '/' } }, { 'check.htpp': 'is not an option; did you mean http?' }],
    [{ port: 80, check: { ttl: '0s' } }, { 'check.ttl': 'must be a duration like 10s or 1m30s, more than 0' }],
    [
      { port: 80, check: { tcp: true, deregisterAfter: '-1s' } },
      { 'check.deregisterAfter': 'must be a duration like 1m, or 0s for never' },
    ],
    [{ port: 80, check: { tcp: true, method: 'GET' } }, { 'check.method': 'is for http, not for tcp' }],
    [{ port: 80, check: { tcp: true, health: () => true } }, { 'check.health': 'is for ttl, not for tcp' }],
    [
      { port: 80, check: { http: 'http://x/', useTls: true } },
      { 'check.useTls': 'is for a path: a URL says it by https://' },
    ],
    [
      { port: 80, check: { tcp: true, failuresBeforeWarning: 3, failuresBeforeCritical: 1 } },
      { check: "is wrong: Invalid check: FailuresBeforeWarning can't be higher than FailuresBeforeCritical" },
    ],
    [{ port: 0, check: { tcp: true } }, { port: 'must be more than 0 for a check at the address of the instance' }],
    [
      {
        port: 80,
        checks: [
          { ttl: '9s', id: 'c' },
          { ttl: '9s', id: 'c' },
        ],
      },
      { 'checks.1.id': 'is that of another check too' },
    ],
    [
      { port: 80, metadata: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])) },
      { metadata: "must have at most 64 keys, the standard's included" },
    ],
    [null, { '': 'must be an object' }],
  ])('%j', (request, violations) => expect(refused(request)).toEqual(violations));

  test.each(['', null, 7])('a name that is %j', (name) => {
    expect(refused({ port: 80 }, name)).toEqual({ service: 'must be a name, not empty' });
  });

  test('the message has them all, and no secret of a header', () => {
    const request = { port: -1, check: { http: 'x', headers: { Authorization: 'Bearer secret' } } };
    expect(() => planRegistration('api', request, {}, newId)).toThrow(
      'registration of "api": port must be from 0 to 65535',
    );
    expect(() => planRegistration('api', request, {}, newId)).not.toThrow('secret');
  });
});
