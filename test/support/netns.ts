/**
 * Machines on one switch, each a network namespace of this test with nothing but a link to the switch: what is cut here
 * is silent, as a pulled cable is, and not closed, as a killed process is. Needs Linux, iproute2 and the right to make
 * namespaces; `noLan` says what is missing. No namespace has a route out.
 */
import { execFileSync, spawnSync } from 'node:child_process';

export interface LanHost {
  readonly address: string;
  readonly namespace: string;
  /** A command that runs another in the namespace, in its own place: the process id stays. */
  readonly through: readonly [string, ...string[]];
}

export interface Traffic {
  /** On the wire: with the headers of Ethernet, IP and TCP. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentPackets: number;
  readonly receivedPackets: number;
}

interface LinkState {
  readonly ifname: string;
  readonly stats64: Record<'rx' | 'tx', { readonly bytes: number; readonly packets: number }>;
}

/** Nobody has it: what is sent there is lost without a word. */
const NOWHERE = '02:00:00:00:00:ff';
const BRIDGE = 'type bridge forward_delay 0 stp_state 0 mcast_snooping 0';

/** Why no namespaces can be made here; undefined when they can. */
export const noLan = refusal();

export class Lan implements Disposable {
  private static made = 0;
  private readonly prefix = `dp${process.pid.toString(36)}x${Lan.made++}`;
  private readonly removeWithUs = (): void => this[Symbol.dispose]();
  private bridges = 1;
  readonly hosts: readonly LanHost[];

  constructor(count: number) {
    this.hosts = Array.from({ length: count }, (_, i) => {
      const namespace = `${this.prefix}h${i}`;
      return { address: `10.77.0.${i + 1}`, namespace, through: ['ip', 'netns', 'exec', namespace] };
    });
    process.once('exit', this.removeWithUs);
    ip([], [`netns add ${this.switch}`, ...this.hosts.map(({ namespace }) => `netns add ${namespace}`)]);
    ip(['-n', this.switch], [`link add name br0 ${BRIDGE}`, 'link set br0 up']);
    ip(
      [],
      this.hosts.map(
        ({ namespace }, i) => `link add name p${i} netns ${this.switch} type veth peer name eth0 netns ${namespace}`,
      ),
    );
    ip(
      ['-n', this.switch],
      this.hosts.map((_, i) => `link set p${i} master br0 up`),
    );
    for (const { namespace, address } of this.hosts) {
      ip(
        ['-n', namespace],
        ['link set lo up', 'link set eth0 addrgenmode none', `addr add ${address}/24 dev eth0`, 'link set eth0 up'],
      );
    }
  }

  private get switch(): string {
    return `${this.prefix}sw`;
  }

  /** The cable of a machine is pulled: neither side is told. */
  unplug(host: number): void {
    ip(['-n', this.switch], [`link set p${host} down`]);
  }

  plug(host: number): void {
    ip(['-n', this.switch], [`link set p${host} up`]);
  }

  /** Machines of one group reach each other alone; those not named stay with the first group. */
  partition(...groups: readonly (readonly number[])[]): void {
    const commands: string[] = [];
    for (; this.bridges < groups.length; this.bridges += 1) {
      commands.push(`link add name br${this.bridges} ${BRIDGE}`, `link set br${this.bridges} up`);
    }
    groups.forEach((hosts, group) => {
      for (const host of hosts) commands.push(`link set p${host} master br${group}`);
    });
    ip(['-n', this.switch], commands);
  }

  heal(): void {
    ip(
      ['-n', this.switch],
      this.hosts.map((_, i) => `link set p${i} master br0`),
    );
    for (const { namespace } of this.hosts) ip(['-n', namespace], ['neigh flush dev eth0 nud permanent']);
  }

  /** What `from` sends to `to` is lost; the other way it arrives. */
  muffle(from: number, to: number): void {
    const { namespace } = this.host(from);
    ip(['-n', namespace], [`neigh replace ${this.host(to).address} lladdr ${NOWHERE} dev eth0 nud permanent`]);
  }

  /** Everything a machine sends, its machine-wide `rate` in bits a second (`1mbit`); undefined: as fast as it goes. */
  slow(host: number, rate: string | undefined): void {
    const { through } = this.host(host);
    const shape = rate === undefined ? ['del'] : ['replace'];
    const kind = rate === undefined ? [] : ['tbf', 'rate', rate, 'burst', '16kbit', 'latency', '2s'];
    const [command, ...rest] = [...through, 'tc', 'qdisc', ...shape, 'dev', 'eth0', 'root', ...kind];
    execFileSync(command, rest);
  }

  /** Of every machine since it was made, in their order. */
  traffic(): Traffic[] {
    const text = execFileSync('ip', ['-n', this.switch, '-s', '-j', 'link', 'show', 'type', 'veth'], {
      encoding: 'utf8',
    });
    const links = new Map((JSON.parse(text) as LinkState[]).map((link) => [link.ifname, link.stats64]));
    return this.hosts.map((_, i) => {
      const port = links.get(`p${i}`);
      if (port === undefined) throw new Error(`the switch has no port p${i}`);
      return {
        sentBytes: port.rx.bytes,
        sentPackets: port.rx.packets,
        receivedBytes: port.tx.bytes,
        receivedPackets: port.tx.packets,
      };
    });
  }

  private host(i: number): LanHost {
    const host = this.hosts[i];
    if (host === undefined) throw new Error(`there is no machine ${i}`);
    return host;
  }

  /** Processes in it must have ended. Harmless twice. */
  [Symbol.dispose](): void {
    process.off('exit', this.removeWithUs);
    for (const namespace of [...this.hosts.map((host) => host.namespace), this.switch]) {
      spawnSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' });
    }
  }
}

function ip(options: readonly string[], commands: readonly string[]): void {
  execFileSync('ip', [...options, '-batch', '-'], { input: commands.join('\n'), stdio: ['pipe', 'ignore', 'pipe'] });
}

function refusal(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux alone';
  const name = `dp${process.pid.toString(36)}try`;
  const steps = [
    ['netns', 'add', name],
    ['-n', name, 'link', 'add', 'name', 'br0', ...BRIDGE.split(' ')],
    ['-n', name, 'link', 'add', 'name', 'p0', 'type', 'veth', 'peer', 'name', 'p1'],
    ['netns', 'exec', name, 'true'],
  ];
  try {
    for (const step of steps) {
      const { error, status, stderr } = spawnSync('ip', step, { encoding: 'utf8' });
      if (error !== undefined) return 'iproute2 is not installed';
      if (status !== 0) return `network namespaces cannot be made here: ${stderr.trim()}`;
    }
    return undefined;
  } finally {
    spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
  }
}
