/** HashiCorp's Serf (Debian's package), the opponent of sync: one agent to a machine of a `Lan`, as its LAN profile has it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Lan, LanHost } from '../../test/support/netns.js';

/** What `serf version` says; undefined when it is not installed. */
export const serfVersion = spawnSync('serf', ['version'], { encoding: 'utf8' }).stdout?.split('\n')[0];

export interface SerfEvent {
  /** `MemberJoin`, `MemberUpdate`, `MemberFailed`… */
  readonly kind: string;
  readonly node: string;
  /** `performance.now()` when its log line was read. */
  readonly at: number;
}

export class SerfAgent {
  private readonly child: ChildProcess;
  readonly events: SerfEvent[] = [];

  constructor(
    readonly name: string,
    private readonly host: LanHost,
    join: string | undefined,
  ) {
    const args = [`-node=${name}`, `-bind=${host.address}:7946`, '-rpc-addr=127.0.0.1:7373', '-log-level=info'];
    const [command, ...rest] = [...host.through, 'serf', 'agent', ...args, ...(join ? [`-retry-join=${join}`] : [])];
    this.child = spawn(command, [...rest, '-retry-interval=1s'], { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [, kind, nodes] = /serf: Event(\w+): (.*)$/.exec(line) ?? [];
      if (kind === undefined) return;
      const at = performance.now();
      for (const node of (nodes ?? '').split(', ')) this.events.push({ kind, node: node.split(' ')[0] ?? '', at });
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** The command line of its own; gives when it was done. */
  async setTag(name: string, value: string): Promise<void> {
    const [command, ...rest] = [...this.host.through, 'serf', 'tags', '-set', `${name}=${value}`];
    await once(spawn(command, rest, { stdio: 'ignore' }), 'close');
  }

  /** When it first saw such an event after `since`; undefined as long as it did not. */
  saw(kind: string, node: string, since: number): number | undefined {
    return this.events.find((event) => event.kind === kind && event.node === node && event.at >= since)?.at;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await gone;
  }
}

export function startSerf(lan: Lan, count: number): SerfAgent[] {
  const [first] = lan.hosts;
  return lan.hosts
    .slice(0, count)
    .map((host, i) => new SerfAgent(`n${i}`, host, i === 0 ? undefined : `${first?.address}:7946`));
}
