import { describe, expect, test } from 'vitest';
import { networkSuite, type NetworkSubject } from '../testing/network-suite.js';
import { silentListener, type SilentListener } from '../testing/silent-listener.js';
import { evidenceOf } from './connection-evidence.js';
import { tcpNetwork } from './tcp-network.js';

function subjectAt(host: string): () => Promise<NetworkSubject> {
  return async () => {
    let silent: SilentListener | undefined;
    return {
      here: tcpNetwork,
      there: tcpNetwork,
      host,
      silent: async () => (silent = await silentListener(host)).address,
      until: (promise) => promise,
      dispose: async () => silent?.close(),
    };
  };
}

describe('over IPv4', () => {
  for (const { name, run } of networkSuite(subjectAt('127.0.0.1'))) test(name, run);
});

describe('over IPv6', () => {
  for (const { name, run } of networkSuite(subjectAt('::1'))) test(name, run);
});

test('a name is looked up when it is dialled', async () => {
  const listener = await tcpNetwork.listen({ host: '127.0.0.1', port: 0 }, (connection) => connection.destroy());
  const connection = await tcpNetwork.dial({ host: 'localhost', port: listener.address.port }, { timeoutMs: 5_000 });
  expect(connection.remote).toEqual({ host: '127.0.0.1', port: listener.address.port });
  connection.destroy();
  await listener.close();
});

test('an IPv4 peer of a listener for both families is shown as IPv4', async () => {
  const remotes: string[] = [];
  const listener = await tcpNetwork.listen({ host: '::', port: 0 }, (connection) => {
    remotes.push(connection.remote.host);
    connection.destroy();
  });
  const { port } = listener.address;
  const connection = await tcpNetwork.dial({ host: '127.0.0.1', port }, { timeoutMs: 5_000 });
  await new Promise<void>((resolve) => connection.start({ data: () => {}, drained: () => {}, ended: () => resolve() }));
  expect(remotes).toEqual(['127.0.0.1']);
  await listener.close();
});

test.each([
  ['a port that is none', { host: '127.0.0.1', port: 70_000 }],
  ['a name that is none', { host: 'no such name', port: 80 }],
])('%s says nothing about the other process', async (_, address) => {
  await expect(tcpNetwork.dial(address, { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    details: { evidence: 'failed' },
  });
});

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('what errors of the system say', () => {
  test.each([
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['ETIMEDOUT', 'timeout'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['EMFILE', 'failed'],
  ])('%s', (code, evidence) => expect(evidenceOf(coded(code))).toBe(evidence));

  test('of several addresses all have to refuse', () => {
    const all = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]);
    const some = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]);
    expect(evidenceOf(all)).toBe('refused');
    expect(evidenceOf(some)).toBe('unreachable');
    expect(evidenceOf(new AggregateError([]))).toBe('failed');
  });
});
