import { expect, test } from 'vitest';
import { toCheckDefinition } from './check-definition.js';
import { HealthCheckDefinition, HealthCheckType } from './health-check-definition.js';
import { ServiceDefinition } from './service-definition.js';

const standard = { name: 'api', version: '1.2.0', type: 'http', environment: 'prod', port: 8080 };

test('a definition becomes a registration with port, address and the standard as metadata', () => {
  const definition = new ServiceDefinition({
    ...standard,
    instanceId: '7',
    address: '10.0.0.5',
    tags: ['v1'],
    region: 'eu',
    zone: 'a',
    deploymentId: 'd1',
    capabilities: ['read', 'write'],
    meta: { team: 'blue' },
  });
  expect(definition.toConsulService()).toEqual({
    Name: 'api',
    ID: 'api-7',
    Address: '10.0.0.5',
    Port: 8080,
    Tags: ['v1'],
    Meta: {
      version: '1.2.0',
      type: 'http',
      environment: 'prod',
      region: 'eu',
      zone: 'a',
      deployment_id: 'd1',
      capabilities: 'read,write',
      team: 'blue',
    },
    Locality: { Region: 'eu', Zone: 'a' },
    Check: {
      HTTP: 'http://10.0.0.5:8080/health',
      Interval: '30s',
      Timeout: '10s',
      DeregisterCriticalServiceAfter: '1m',
    },
  });
});

test('every object has an instance id of its own, the same each time it is asked', () => {
  const [one, other] = [new ServiceDefinition(standard), new ServiceDefinition(standard)];
  expect(one.instanceId).not.toBe(other.instanceId);
  expect(one.toConsulService().ID).toBe(one.toConsulService().ID);
  expect(one.toConsulService().ID).toBe(`api-${one.instanceId}`);
});

test('without an address the check goes to the machine itself; IPv6 is bracketed', () => {
  expect(new ServiceDefinition(standard).toConsulService().Check?.HTTP).toBe('http://localhost:8080/health');
  const six = new ServiceDefinition({ ...standard, address: 'fd00::1' });
  expect(six.toConsulService().Check?.HTTP).toBe('http://[fd00::1]:8080/health');
});

test('several checks travel as Checks, none as neither', () => {
  const ttl = new HealthCheckDefinition({ type: 'ttl', interval: '15s' });
  const many = new ServiceDefinition({ ...standard, checks: [ttl, ttl] }).toConsulService();
  expect(many.Checks).toHaveLength(2);
  expect(many.Check).toBeUndefined();
  const none = new ServiceDefinition({ ...standard, checks: [] }).toConsulService();
  expect(none).not.toHaveProperty('Check');
  expect(none).not.toHaveProperty('Checks');
});

test('metadata named like an object property is data', () => {
  const meta = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
  const sent = new ServiceDefinition({ ...standard, meta }).toConsulService().Meta ?? {};
  expect(Object.entries(sent)).toEqual(
    expect.arrayContaining([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]),
  );
});

test.each([
  [HealthCheckType.HTTP, 'http://x/', { HTTP: 'http://x/' }],
  [HealthCheckType.TCP, 'x:1', { TCP: 'x:1' }],
  [HealthCheckType.UDP, 'x:1', { UDP: 'x:1' }],
  [HealthCheckType.GRPC, 'x:1/s', { GRPC: 'x:1/s' }],
  [HealthCheckType.SCRIPT, '/bin/check me', { Args: ['/bin/check me'] }],
  [HealthCheckType.SCRIPT, ['check', '-v'], { Args: ['check', '-v'] }],
])('a %s check carries its target', (type, target, fields) => {
  const check = new HealthCheckDefinition({ type, target }).toConsulCheck();
  expect(check).toEqual({ ...fields, Interval: '30s', Timeout: '10s', DeregisterCriticalServiceAfter: '1m' });
});

test('every kind of check is one that the agent takes', () => {
  for (const type of Object.values(HealthCheckType)) {
    const check = new HealthCheckDefinition({ type, target: 'x:1' }).toConsulCheck();
    expect(toCheckDefinition(check).type).toBe(type);
  }
});
