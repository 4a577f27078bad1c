import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it } from 'vitest';
import { type CheckRegistration, toCheckDefinition } from '../model/index.js';
import { listenOnLoopback, refusedAddress, testCertificate } from '../testing/loopback-server.js';
import { allowedNetworks } from './allowed-networks.js';
import { Dialer } from './dialer.js';
import { tcpRunner } from './tcp.js';

const runner = tcpRunner(new Dialer());
const signal = new AbortController().signal;

function tcp(address: string, more: CheckRegistration = {}) {
  return toCheckDefinition({ TCP: address, Interval: '10s', ...more });
}

it.each(['127.0.0.1', '::1'])('passes when %s takes the connection', async (host) => {
  await using server = await listenOnLoopback(createServer(), host);
  expect(await runner.run(tcp(server.address), signal)).toEqual({
    status: 'passing',
    output: `TCP connect ${server.address}: Success`,
  });
});

it('is critical when nobody listens', async () => {
  const address = await refusedAddress(createServer());
  expect(await runner.run(tcp(address), signal)).toEqual({
    status: 'critical',
    output: `dial tcp ${address}: connect: connection refused`,
  });
});

it('is critical when the address has no port', async () => {
  const { status, output } = await runner.run(tcp('127.0.0.1'), signal);
  expect(status).toBe('critical');
  expect(output).toContain('port in address');
});

it('asks for a whole TLS handshake when told to', async () => {
  await using secure = await listenOnLoopback(createTlsServer(testCertificate()));
  expect(await runner.run(tcp(secure.address, { TCPUseTLS: true }), signal)).toMatchObject({ status: 'critical' });
  const trusting = tcp(secure.address, { TCPUseTLS: true, TLSSkipVerify: true });
  expect(await runner.run(trusting, signal)).toMatchObject({ status: 'passing' });
});

it('times out on a handshake that never comes', async () => {
  await using mute = await listenOnLoopback(createServer());
  const result = await runner.run(tcp(mute.address, { TCPUseTLS: true }), AbortSignal.timeout(30));
  expect(result).toEqual({ status: 'critical', output: `dial tcp ${mute.address}: i/o timeout` });
});

it('does not connect outside the allowed networks', async () => {
  await using server = await listenOnLoopback(createServer());
  const guarded = tcpRunner(new Dialer(allowedNetworks(['10.0.0.0/8'])));
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
    const { status, output } = await guarded.run(tcp(`${host}:${server.port}`), signal);
    expect(status).toBe('critical');
    expect(output).toContain('is outside the networks that checks may connect to');
  }
});
