import { createServer as createHttp1 } from 'node:http';
import { createSecureServer, createServer } from 'node:http2';
import { createServer as createTcp } from 'node:net';
import { expect, it } from 'vitest';
import { type CheckRegistration, toCheckDefinition } from '../model/index.js';
import { listenOnLoopback, refusedAddress, testCertificate } from '../testing/loopback-server.js';
import { Dialer } from './dialer.js';
import { h2pingRunner } from './h2ping.js';

const runner = h2pingRunner(new Dialer());
const signal = new AbortController().signal;

function h2ping(address: string, more: CheckRegistration = {}) {
  return toCheckDefinition({ H2PING: address, H2PingUseTLS: false, Interval: '10s', ...more });
}

it.each(['127.0.0.1', '::1'])('passes when %s acknowledges the ping', async (host) => {
  await using server = await listenOnLoopback(createServer(), host);
  expect(await runner.run(h2ping(server.address), signal)).toEqual({
    status: 'passing',
    output: 'HTTP2 ping was successful',
  });
});

it('speaks TLS by default', async () => {
  await using server = await listenOnLoopback(createSecureServer(testCertificate()));
  const check = h2ping(server.address, { H2PingUseTLS: undefined, TLSSkipVerify: true });
  expect(await runner.run(check, signal)).toMatchObject({ status: 'passing' });
  expect(await runner.run({ ...check, tlsSkipVerify: false }, signal)).toMatchObject({ status: 'critical' });
});

it.each([
  ['an HTTP/1 server', createHttp1()],
  ['a server that hangs up', createTcp((socket) => socket.end())],
])('is critical for %s', async (_, server) => {
  await using listening = await listenOnLoopback(server);
  const { status, output } = await runner.run(h2ping(listening.address), signal);
  expect(status).toBe('critical');
  expect(output).toMatch(/^HTTP2 ping failed: ./);
});

it('is critical when nobody listens or answers', async () => {
  const address = await refusedAddress(createTcp());
  expect(await runner.run(h2ping(address), signal)).toEqual({
    status: 'critical',
    output: `Failed to dial: dial tcp ${address}: connect: connection refused`,
  });
  await using mute = await listenOnLoopback(createTcp());
  expect(await runner.run(h2ping(mute.address), AbortSignal.timeout(30))).toEqual({
    status: 'critical',
    output: 'HTTP2 ping failed: context deadline exceeded',
  });
});
