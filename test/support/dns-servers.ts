/** DNS servers that others wrote, as Debian packages them, on free ports of the loopback. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { questionBytes, sendUdp } from './dns-ask.js';

export interface RealDnsServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:4711` */
  readonly address: string;
  /** Of DNS over TLS and HTTPS; unbound with a certificate alone. */
  readonly tlsPort: number;
  readonly httpsPort: number;
  stop(): Promise<void>;
}

export interface UnboundOptions {
  /** Lines of a zone file, each a local-data record. */
  readonly records: readonly string[];
  /** Paths of PEM files. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Names below `zone` are asked of `address` (`127.0.0.1@4711`). */
  readonly forward?: { readonly zone: string; readonly address: string };
}

export const hasUnbound = isInstalled('unbound', ['-V']);
export const hasDnsmasq = isInstalled('dnsmasq', ['--version']);

/** A zone `example` with these records; other names below it do not exist. */
export function startUnbound(options: UnboundOptions): Promise<RealDnsServer> {
  return start(async (directory, port, tlsPort, httpsPort) => {
    const { records, tls, forward } = options;
    const lines = [
      'server:',
      ` interface: 127.0.0.1@${port}`,
      ...(tls ? [` interface: 127.0.0.1@${tlsPort}`, ` interface: 127.0.0.1@${httpsPort}`] : []),
      ...(tls ? [` tls-port: ${tlsPort}`, ` https-port: ${httpsPort}`] : []),
      ...(tls ? [` tls-service-key: "${tls.key}"`, ` tls-service-pem: "${tls.cert}"`] : []),
      ` port: ${port}`,
      ' access-control: 127.0.0.0/8 allow',
      ' do-daemonize: no',
      ' username: ""',
      ' chroot: ""',
      ` directory: "${directory}"`,
      ' pidfile: ""',
      ' use-syslog: no',
      ' verbosity: 0',
      ' num-threads: 1',
      ' max-udp-size: 1232',
      ' msg-cache-size: 1m',
      ' rrset-cache-size: 1m',
      ' module-config: "iterator"',
      ' do-not-query-localhost: no',
      ' local-zone: "example." static',
      ...records.map((record) => ` local-data: '${record}'`),
      ...(forward ? [` local-zone: "${forward.zone}." transparent`] : []),
      'remote-control:',
      ' control-enable: no',
      ...(forward ? ['forward-zone:', ` name: "${forward.zone}."`, ` forward-addr: ${forward.address}`] : []),
    ];
    const file = join(directory, 'unbound.conf');
    await writeFile(file, `${lines.join('\n')}\n`);
    return spawn('unbound', ['-d', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  });
}

/** Options as on its command line: `--host-record=web.example,192.0.2.1`. */
export function startDnsmasq(options: readonly string[]): Promise<RealDnsServer> {
  return start((directory, port) => {
    const fixed = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--no-resolv',
      '--no-hosts',
      '--bind-interfaces',
      '--listen-address=127.0.0.1',
      `--port=${port}`,
      `--user=${userInfo().username}`,
      `--pid-file=${join(directory, 'pid')}`,
      '--local=/example/',
    ];
    return Promise.resolve(spawn('dnsmasq', [...fixed, ...options], { stdio: ['ignore', 'ignore', 'pipe'] }));
  });
}

type Launch = (directory: string, port: number, tlsPort: number, httpsPort: number) => Promise<ChildProcess>;

/** A port may be taken between the moment it was found free and the server's start: then another is tried. */
async function start(launch: Launch): Promise<RealDnsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'dns-server-'));
  for (let triesLeft = 5; ;) {
    const [port, tlsPort, httpsPort] = [await freePort(), await freePort(), await freePort()];
    const child = await launch(directory, port, tlsPort, httpsPort);
    let complaints = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const ended = once(child, 'exit');
    const stop = async (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    };
    if (await answersSoon(port, child)) {
      const server = { host: '127.0.0.1', port, address: `127.0.0.1:${port}`, tlsPort, httpsPort, stop };
      return { ...server, [Symbol.asyncDispose]: stop };
    }
    if (--triesLeft === 0) {
      await stop();
      throw new Error(`the DNS server did not start: ${complaints}`);
    }
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

async function answersSoon(port: number, child: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    const isThere = await sendUdp({ host: '127.0.0.1', port }, questionBytes('SOA example'), 100).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
    await delay(50);
  }
  return false;
}

/** Free for TCP and for UDP. */
async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer();
    await new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve));
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, '127.0.0.1', () => resolve(true));
    });
    await Promise.all([
      new Promise((resolve) => void tcp.close(resolve)),
      new Promise<void>((resolve) => void udp.close(resolve)),
    ]);
    if (isFree) return port;
  }
}

function isInstalled(program: string, options: readonly string[]): boolean {
  return spawnSync(program, options).error === undefined;
}
