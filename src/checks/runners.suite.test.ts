import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer as createTcp, type Server } from 'node:net';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type CheckRegistration, type CheckRunner, toCheckDefinition } from '../model/index.js';
import { checkRunnerSuite, type RunnerSubject } from '../testing/check-runner-suite.js';
import { listenOnLoopback, refusedAddress } from '../testing/loopback-server.js';
import { isProcessRunning } from '../testing/running-process.js';
import { Dialer } from './dialer.js';
import { grpcRunner } from './grpc.js';
import { encodeHealthRequest } from './grpc-health-messages.js';
import { h2pingRunner } from './h2ping.js';
import { httpRunner } from './http.js';
import { scriptRunner } from './script.js';
import { tcpRunner } from './tcp.js';
import { udpRunner } from './udp.js';
import { aliasRunner } from './alias.js';

const dialer = new Dialer();

function define(body: CheckRegistration) {
  return toCheckDefinition({ Interval: '10s', ...body });
}

/** Reads what it is sent, for otherwise it would not notice that the other end has gone. */
function silentServer(): Server {
  return createTcp((socket) => socket.resume());
}

/** A subject over a server that answers and one that takes connections and stays silent. */
async function overServers(
  runner: CheckRunner,
  answering: Server,
  check: (address: string) => CheckRegistration,
  flooding?: (address: string) => CheckRegistration,
): Promise<RunnerSubject> {
  const server = await listenOnLoopback(answering);
  const mute = await listenOnLoopback(silentServer());
  return {
    runner,
    good: define(check(server.address)),
    bad: define(check(await refusedAddress(createTcp()))),
    hanging: define(check(mute.address)),
    ...(flooding ? { flooding: define(flooding(server.address)) } : {}),
    alive: () => server.connections() + mute.connections(),
    close: async () => {
      await server.close();
      await mute.close();
    },
  };
}

/** Enough of a gRPC server for the suite; grpc.test.ts asks a real one. */
function grpcServer(): Http2Server {
  return createHttp2().on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const serving = encodeHealthRequest('').fill(2, 4, 5);
    stream.end(Buffer.concat([serving, Buffer.from([0x08, 0x01])]));
  });
}

const SUBJECTS: Readonly<Record<string, () => Promise<RunnerSubject>>> = {
  http: () =>
    overServers(
      httpRunner(dialer),
      createHttp((request, response) => response.end(request.url === '/flood' ? Buffer.alloc(2 ** 20, 'x') : 'ok')),
      (address) => ({ HTTP: `http://${address}/` }),
      (address) => ({ HTTP: `http://${address}/flood` }),
    ),

  tcp: async () => {
    const subject = await overServers(tcpRunner(dialer), silentServer(), (address) => ({ TCP: address }));
    // Only the TLS handshake can be kept waiting on the loopback, where every listener takes connections at once.
    return { ...subject, hanging: { ...(subject.hanging as typeof subject.good), useTls: true } };
  },

  grpc: () => overServers(grpcRunner(dialer), grpcServer(), (address) => ({ GRPC: address })),

  h2ping: () =>
    overServers(h2pingRunner(dialer), createHttp2(), (address) => ({ H2PING: address, H2PingUseTLS: false })),

  udp: async () => {
    const { createSocket } = await import('node:dgram');
    const bind = async (answer: boolean) => {
      const socket = createSocket('udp4');
      if (answer) socket.on('message', (_, from) => socket.send('', from.port, from.address));
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      return { socket, check: define({ UDP: `127.0.0.1:${socket.address().port}` }) };
    };
    const [answering, silent] = [await bind(true), await bind(false)];
    return {
      runner: udpRunner(dialer),
      good: answering.check,
      // Below the ports that systems hand out: of those a closed one may be another socket's the next moment.
      bad: define({ UDP: '127.0.0.1:1' }),
      hanging: silent.check,
      close: async () => {
        for (const { socket } of [answering, silent]) await new Promise<void>((resolve) => void socket.close(resolve));
      },
    };
  },

  script: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'check-suite-'));
    const noted = `: > ${folder}/$$;`;
    const shell = (source: string) => define({ Args: ['/bin/sh', '-c', `${noted} ${source}`] });
    return {
      runner: scriptRunner(),
      good: shell('echo well'),
      bad: shell('echo ill; exit 2'),
      hanging: shell('sleep 60 & echo > ' + folder + '/$!; wait'),
      flooding: shell('head -c 2000000 /dev/zero | tr "\\\\0" x'),
      alive: () => readdirSync(folder).filter((pid) => isProcessRunning(Number(pid))).length,
      close: () => Promise.resolve(rmSync(folder, { recursive: true })),
    };
  },

  alias: async () => {
    return {
      runner: aliasRunner({
        checksOf: (_, id) => [{ name: 'other', status: id === 'ill' ? 'critical' : 'passing', output: 'said' }],
      }),
      good: define({ Interval: undefined, AliasService: 'well' }),
      bad: define({ Interval: undefined, AliasService: 'ill' }),
      close: () => Promise.resolve(),
    };
  },
};

describe.each(Object.entries(SUBJECTS))('%s runner', (_, open) => {
  for (const { name, run } of checkRunnerSuite(open)) it(name, run);
});
