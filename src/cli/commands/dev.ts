import { Command } from 'commander';
import type { ConsulClient } from '../../consul/index.js';
import { defaults, isDiscoveryError } from '../../model/index.js';
import { durationMs, untilStopped, withExamples, type CommandFactory, type Session } from '../command.js';
import { createDisplay, type Display } from '../dev/display.js';
import { freePort } from '../dev/free-port.js';
import { observe } from '../dev/observer.js';
import { Supervisor } from '../dev/supervisor.js';
import { hostPort } from '../output/words.js';
import { pause } from '../pause.js';

interface Flags {
  readonly httpAddr?: string;
  readonly dnsAddr?: string;
  readonly exitAfter?: number;
}

const SERVICES = ['web', 'orders', 'stock'] as const;
const LOOK_EVERY_MS = 1_000;
const HOST = '127.0.0.1';

export const command: CommandFactory = (session) =>
  withExamples(
    new Command('dev')
      .description('An agent in memory and three small services that register, are checked, find and call each other.')
      .option('--http-addr <host:port>', 'default: 127.0.0.1:8500, or a free port when that is taken')
      .option('--dns-addr <host:port>', 'default: 127.0.0.1:8600, or a free port when that is taken')
      .option('--exit-after <duration>', 'stop by itself, for scripts', durationMs)
      .action((flags: Flags) => run(session, flags)),
    [
      ['datapunk dev', 'until Ctrl-C; nothing is left behind'],
      ['datapunk dev --exit-after 10s', 'for a script'],
    ],
  );

async function run(session: Session, flags: Flags): Promise<void> {
  const signal = untilStopped(flags.exitAfter);
  const { io } = session;
  const display = createDisplay(io);
  const { loadConfig, startAgent } = await import('../../agent/index.js');
  const { ConsulClient } = await import('../../consul/index.js');
  const { config } = await loadConfig(
    {
      dev: true,
      logLevel: 'warn',
      httpAddr: flags.httpAddr ?? hostPort(HOST, await freePort(HOST, defaults.httpPort, false)),
      dnsAddr: flags.dnsAddr ?? hostPort(HOST, await freePort(HOST, defaults.dnsPort, true)),
    },
    {},
  );
  const agent = await startAgent(config, { log: (line) => display.say(line.trimEnd()) });
  const http = agent.addresses.http[0] as string;
  const client = new ConsulClient({ addresses: http });
  const supervisors = SERVICES.map((name) => supervise(name, http, display));
  try {
    display.say(await banner(session, client, http, agent.addresses.dns[0]));
    while (!signal.aborted) {
      await look(client, display);
      await pause(LOOK_EVERY_MS, signal);
    }
    display.say('stopping');
  } finally {
    await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
    await client.close();
    await agent.close();
  }
}

/** A look that fails, on a machine too busy to answer, is no reason to end. */
async function look(client: ConsulClient, display: Display): Promise<void> {
  try {
    display.show(await Promise.all(SERVICES.map((name) => observe(client, name))));
  } catch (error) {
    if (!isDiscoveryError(error)) throw error;
    display.say(error.message);
  }
}

function supervise(name: string, http: string, display: Display): Supervisor {
  return new Supervisor(
    name,
    // Some shells export a HOST of their own, the machine's name.
    { ...process.env, CONSUL_HTTP_ADDR: http, HOST: http.startsWith('[') ? '::1' : HOST },
    {
      line: (text) => display.say(`${name}: ${text}`),
      started: (pid) => display.say(`${name}: process ${pid} started`),
      ended: (pid, why, restartMs) =>
        display.say(`${name}: process ${pid} ${why}; starting it again in ${restartMs / 1000} s`),
    },
  );
}

async function banner({ io }: Session, client: ConsulClient, http: string, dns: string | undefined): Promise<string> {
  const page = await client.call('GET', '/ui/', { accept: [404, 501] }).catch(() => undefined);
  const [, dnsHost, dnsPort] = /^\[?(.*?)\]?:(\d+)$/.exec(dns ?? '') ?? [];
  const lines: (readonly [string, string])[] = [
    ['page', page?.status === 200 ? `http://${http}/ui/` : 'not part of this version yet'],
    ['API', `http://${http}/v1/catalog/services`],
    ['DNS', `${dns ?? 'off'} (UDP and TCP)`],
    ['try', `curl 'http://${http}/v1/health/service/web?passing'`],
    ['', `dig @${dnsHost} -p ${dnsPort} web.service.consul SRV`],
    ['', `bin/datapunk watch web --http-addr ${http}`],
  ];
  return lines.map(([name, value]) => `${io.paint('bold', name.padEnd(4))}  ${value}`).join('\n');
}
