import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { ServiceDiscoveryError, toCheckDefinition } from '../model/index.js';
import { allowedNetworks } from './allowed-networks.js';
import { Dialer } from './dialer.js';
import { udpRunner } from './udp.js';

const runner = udpRunner(new Dialer());

function udp(address: string) {
  return toCheckDefinition({ UDP: address, Interval: '10s' });
}

async function bound(host: string): Promise<{ socket: Socket; address: string; port: number }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const { port } = socket.address();
  return { socket, port, address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}

async function closed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => void socket.close(resolve));
}

describe.each(['127.0.0.1', '::1'])('udp check of %s', (host) => {
  it('passes on an answer, at once', async () => {
    const { socket, address } = await bound(host);
    socket.on('message', (_, from) => socket.send('pong', from.port, from.address));
    const result = await runner.run(udp(address), new AbortController().signal);
    await closed(socket);
    expect(result).toEqual({ status: 'passing', output: `UDP connect ${address}: Success` });
  });

  it('passes on silence until the timeout', async () => {
    const { socket, address } = await bound(host);
    const result = await runner.run(udp(address), AbortSignal.timeout(30));
    await closed(socket);
    expect(result).toEqual({ status: 'passing', output: `UDP connect ${address}: Success` });
  });

  it('is critical when the port is refused', async () => {
    const { socket, address } = await bound(host);
    await closed(socket);
    const result = await runner.run(udp(address), AbortSignal.timeout(5_000));
    expect(result).toEqual({ status: 'critical', output: `dial udp ${address}: connect: connection refused` });
  });
});

it('is no success when the check is removed meanwhile', async () => {
  const { socket, address } = await bound('127.0.0.1');
  const removal = new AbortController();
  const run = runner.run(udp(address), removal.signal);
  removal.abort(new ServiceDiscoveryError('ABORTED', 'removed'));
  expect(await run).toMatchObject({ status: 'critical' });
  await closed(socket);
});

it('resolves names, within the allowed networks only', async () => {
  const { socket, port } = await bound('127.0.0.1');
  socket.on('message', (_, from) => socket.send('', from.port, from.address));
  const check = udp(`localhost:${port}`);
  const signal = new AbortController().signal;
  const inside = udpRunner(new Dialer(allowedNetworks(['127.0.0.0/8'])));
  const outside = udpRunner(new Dialer(allowedNetworks(['192.168.0.0/16'])));
  expect(await inside.run(check, signal)).toMatchObject({ status: 'passing' });
  expect(await outside.run(check, signal)).toMatchObject({ status: 'critical' });
  await closed(socket);
});
