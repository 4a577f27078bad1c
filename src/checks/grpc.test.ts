import {
  Server,
  ServerCredentials,
  status as grpcStatus,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { createServer as createHttp1 } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CheckRegistration, toCheckDefinition } from '../model/index.js';
import { listenOnLoopback, refusedAddress, testCertificate } from '../testing/loopback-server.js';
import { Dialer } from './dialer.js';
import { grpcRunner } from './grpc.js';
import { decodeHealthStatus, encodeHealthRequest } from './grpc-health-messages.js';

const runner = grpcRunner(new Dialer());
const signal = new AbortController().signal;

function grpc(target: string, more: CheckRegistration = {}) {
  return toCheckDefinition({ GRPC: target, Interval: '10s', ...more });
}

/** Service name as the request's bytes give it → what the server says of it. */
const STATUS_OF = new Map([
  ['', 1],
  ['well', 1],
  ['ill', 2],
  ['unsure', 0],
  ['ping '.repeat(60), 1],
]);

function plain(bytes: Buffer): Buffer {
  return bytes;
}

/** A real gRPC server, its messages left as bytes. */
async function healthServer(credentials: ServerCredentials, host: string): Promise<{ server: Server; port: number }> {
  const server = new Server();
  const Check = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: plain,
    requestDeserialize: plain,
    responseSerialize: plain,
    responseDeserialize: plain,
  };
  server.addService(
    { Check },
    {
      Check: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
        const found = STATUS_OF.get(serviceIn(call.request));
        if (found === undefined) answer({ code: grpcStatus.NOT_FOUND, details: 'no such service: 100 %' });
        else answer(null, Buffer.from(found === 0 ? [] : [0x08, found]));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:0`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { server, port };
}

/** Names here are shorter than 16,384 bytes: a length of one byte or two. */
function serviceIn(message: Buffer): string {
  if (message.length === 0) return '';
  return message.subarray((message[1] as number) < 0x80 ? 2 : 3).toString();
}

describe('grpc check of a real gRPC server', () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    const started = await healthServer(ServerCredentials.createInsecure(), '127.0.0.1');
    server = started.server;
    address = `127.0.0.1:${started.port}`;
  });
  afterAll(() => server.forceShutdown());

  it.each([
    ['', 'passing', 'success'],
    ['/well', 'passing', 'success'],
    [`/${'ping '.repeat(60)}`, 'passing', 'success'],
    ['/ill', 'critical', 'gRPC status is NOT_SERVING'],
    ['/unsure', 'critical', 'gRPC status is UNKNOWN'],
    ['/nobody', 'critical', 'rpc error: code = NotFound desc = no such service: 100 %'],
  ])('host:port%s is %s', async (service, status, reason) => {
    const target = `${address}${service}`;
    expect(await runner.run(grpc(target), signal)).toEqual({ status, output: `gRPC check ${target}: ${reason}` });
  });
});

it('asks a gRPC server over TLS and IPv6', async () => {
  const { key, cert } = testCertificate();
  const pair = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
  const { server, port } = await healthServer(ServerCredentials.createSsl(null, pair), '[::1]');
  const check = grpc(`[::1]:${port}/well`, { GRPCUseTLS: true });
  expect(await runner.run(check, signal)).toMatchObject({
    status: 'critical',
    output: expect.stringMatching(/self.signed/),
  });
  expect(await runner.run({ ...check, tlsSkipVerify: true }, signal)).toMatchObject({ status: 'passing' });
  server.forceShutdown();
});

describe('grpc check of something else', () => {
  it('nobody listens', async () => {
    const address = await refusedAddress(createTcp());
    expect(await runner.run(grpc(address), signal)).toEqual({
      status: 'critical',
      output: `gRPC check ${address}: dial tcp ${address}: connect: connection refused`,
    });
  });

  it.each([
    ['an HTTP/1 server', createHttp1((_, response) => response.end('hello'))],
    ['a server that hangs up', createTcp((socket) => socket.end())],
    ['a server that talks nonsense', createTcp((socket) => socket.end(Buffer.alloc(100, 0xff)))],
  ])('%s', async (_, server) => {
    await using listening = await listenOnLoopback(server);
    const { status, output } = await runner.run(grpc(listening.address), signal);
    expect(status).toBe('critical');
    expect(output).toContain('rpc error: ');
  });

  it('a server that says nothing', async () => {
    await using mute = await listenOnLoopback(createTcp());
    const { status, output } = await runner.run(grpc(mute.address), AbortSignal.timeout(30));
    expect(status).toBe('critical');
    expect(output).toContain('code = DeadlineExceeded');
  });
});

describe('health messages', () => {
  it('ask about a service by name', () => {
    expect(encodeHealthRequest('').toString('hex')).toBe('0000000000');
    expect(encodeHealthRequest('ab').toString('hex')).toBe('00000000040a026162');
  });

  it('skip fields they do not know', () => {
    const fields = Buffer.from('120268691d0000000021000000000000000028050801', 'hex');
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, fields.length]), fields]);
    expect(decodeHealthStatus(frame)).toBe('SERVING');
  });

  it.each([
    '',
    '00',
    '0100000000',
    '0000000002080',
    '00000000020a7f',
    '0000000001ff',
    '00000000030801',
    '00000000020f01',
  ])('are no answer as %s', (hex) => {
    expect(decodeHealthStatus(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
