import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pause } from '../pause.js';

/**
 * Keeps one example program running: when it ends, whatever the reason, it is started again after a moment. The
 * program is a process of its own with a channel to us, so that it also ends when we are killed.
 */
export interface SupervisorEvents {
  /** A line the program printed. */
  line(text: string): void;
  started(pid: number): void;
  ended(pid: number, why: string, restartMs: number): void;
}

const RESTART_MS = 2_000;
const STOP_MS = 2_000;

export class Supervisor {
  private child: ChildProcess | undefined;
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    readonly name: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly events: SupervisorEvents,
  ) {
    this.running = this.run();
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Asks it to leave, then makes it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const { child } = this;
    child?.kill('SIGTERM');
    const late = setTimeout(() => child?.kill('SIGKILL'), STOP_MS);
    await this.running;
    clearTimeout(late);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const why = await this.runOnce();
      if (signal.aborted) return;
      this.events.ended(why.pid, why.text, RESTART_MS);
      await pause(RESTART_MS, signal);
    }
  }

  private async runOnce(): Promise<{ readonly pid: number; readonly text: string }> {
    const child = spawn(process.execPath, [programPath(this.name)], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    const pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) this.lines(stream);
    if (child.pid !== undefined) this.events.started(pid);
    try {
      const [code, killedBy] = (await once(child, 'exit')) as [number | null, string | null];
      return { pid, text: killedBy === null ? `ended with ${code}` : `killed by ${killedBy}` };
    } catch (error) {
      return { pid, text: `could not start: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      this.child = undefined;
    }
  }

  private lines(stream: NodeJS.ReadableStream | null): void {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      for (const line of text.split('\n')) if (line.trim() !== '') this.events.line(line);
    });
  }
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`../../../examples/dev/${name}.mjs`, import.meta.url));
}
