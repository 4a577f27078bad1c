import assert from 'node:assert/strict';
import { isDiscoveryError } from '../model/index.js';
import type { Connection, ConnectionEvidence, Network, NetworkAddress, NetworkListener } from '../runtime/index.js';

/** Two machines and what is between them, made anew for every case. */
export interface NetworkSubject {
  /** Where connections are dialled from. */
  readonly here: Network;
  /** Where they are listened for, and its address. */
  readonly there: Network;
  readonly host: string;
  /** An address that neither accepts nor refuses. */
  silent(): Promise<NetworkAddress>;
  /** Lets time pass until the promise is settled. */
  until<T>(promise: Promise<T>): Promise<T>;
  dispose(): Promise<void>;
}

export interface NetworkCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every Network, ours and others', for any test framework:
 *
 *   for (const { name, run } of networkSuite(openSubject)) test(name, run);
 */
export function networkSuite(subject: () => Promise<NetworkSubject>): readonly NetworkCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => {
      const exam = new Exam(await subject());
      try {
        await examine(exam);
      } finally {
        await exam.end();
      }
    },
  }));
}

const TIMEOUT_MS = 10_000;
/** More than any system keeps for a reader that does not read. */
const FLOOD_BYTES = 64 * 1024 * 1024;

/** One end, and what happened at it. */
class End {
  readonly received: Uint8Array[] = [];
  readonly endings: ConnectionEvidence[] = [];
  receivedBytes = 0;
  drains = 0;
  private awaited: (() => void)[] = [];

  constructor(
    readonly connection: Connection,
    private readonly exam: Exam,
  ) {}

  start(): this {
    this.connection.start({
      data: (bytes) => {
        assert.equal(this.endings.length, 0, 'data after the end');
        this.received.push(bytes.slice());
        this.receivedBytes += bytes.length;
        this.changed();
      },
      drained: () => {
        assert.equal(this.endings.length, 0, 'drained after the end');
        this.drains++;
        this.changed();
      },
      ended: (evidence) => {
        this.endings.push(evidence);
        this.changed();
      },
    });
    return this;
  }

  text(): string {
    return Buffer.concat(this.received).toString();
  }

  when(isSo: () => boolean): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!isSo()) await new Promise<void>((resolve) => void this.awaited.push(resolve));
    };
    return this.exam.subject.until(wait());
  }

  hears(text: string): Promise<void> {
    return this.when(() => this.text() === text);
  }

  async ending(): Promise<ConnectionEvidence> {
    await this.when(() => this.endings.length > 0);
    return this.endings[0] as ConnectionEvidence;
  }

  private changed(): void {
    for (const tell of this.awaited.splice(0)) tell();
  }
}

class Exam {
  private readonly listeners: NetworkListener[] = [];
  private readonly connections: Connection[] = [];

  constructor(readonly subject: NetworkSubject) {}

  async listen(accept: (connection: Connection) => void, port = 0): Promise<NetworkListener> {
    const listener = await this.subject.there.listen({ host: this.subject.host, port }, (connection) => {
      this.connections.push(connection);
      accept(connection);
    });
    this.listeners.push(listener);
    return listener;
  }

  async dial(address: NetworkAddress, signal?: AbortSignal): Promise<Connection> {
    const options = signal ? { timeoutMs: TIMEOUT_MS, signal } : { timeoutMs: TIMEOUT_MS };
    const connection = await this.subject.until(this.subject.here.dial(address, options));
    this.connections.push(connection);
    return connection;
  }

  /** A connection, neither end started, and its listener. */
  async bareEnds(): Promise<{ near: End; far: End; listener: NetworkListener }> {
    let accepted: (connection: Connection) => void;
    const acceptedOne = new Promise<Connection>((resolve) => void (accepted = resolve));
    const listener = await this.listen((connection) => accepted(connection));
    const near = new End(await this.dial(listener.address), this);
    return { near, far: new End(await this.subject.until(acceptedOne), this), listener };
  }

  async ends(): Promise<{ near: End; far: End; listener: NetworkListener }> {
    const { near, far, listener } = await this.bareEnds();
    return { near: near.start(), far: far.start(), listener };
  }

  async refusal(dialled: Promise<unknown>): Promise<unknown> {
    const error = await dialled.then(
      () => assert.fail('it was taken'),
      (reason: unknown) => reason,
    );
    assert(isDiscoveryError(error, 'UNAVAILABLE'), String(error));
    return error.details.evidence;
  }

  async end(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    for (const listener of this.listeners) await this.subject.until(listener.close());
    await this.subject.dispose();
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const CASES: Readonly<Record<string, (exam: Exam) => Promise<void>>> = {
  'bytes arrive in order, both ways': async (exam) => {
    const { near, far } = await exam.ends();
    for (const word of ['one ', 'two ', 'three']) near.connection.write(bytesOf(word));
    far.connection.write(bytesOf('back'));
    await far.hears('one two three');
    await near.hears('back');
  },

  'a megabyte arrives as it was': async (exam) => {
    const { near, far } = await exam.ends();
    const sent = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => (at * 31 + (at >> 8)) & 255);
    near.connection.write(sent.subarray(0, 1000));
    near.connection.write(sent.subarray(1000));
    await far.when(() => far.receivedBytes === sent.length);
    assert(Buffer.concat(far.received).equals(sent));
  },

  'each end knows the address of the other': async (exam) => {
    const { near, far, listener } = await exam.ends();
    assert.deepEqual(near.connection.remote, { host: exam.subject.host, port: listener.address.port });
    assert.notEqual(far.connection.remote.host, '');
    assert.notEqual(far.connection.remote.port, 0);
  },

  'port 0 is a free one, another each time': async (exam) => {
    const one = await exam.listen(() => {});
    const other = await exam.listen(() => {});
    assert(one.address.port > 0 && other.address.port > 0 && one.address.port !== other.address.port);
  },

  'what was received before the start is kept': async (exam) => {
    const { near, far } = await exam.bareEnds();
    near.start();
    far.start();
    near.connection.write(bytesOf('go'));
    await far.hears('go');
    const second = await exam.bareEnds();
    second.near.start().connection.write(bytesOf('early'));
    await second.near.when(() => second.near.drains > 0);
    await second.far.start().hears('early');
  },

  'where nobody listens a dial is refused': async (exam) => {
    const { address, close } = await exam.listen(() => {});
    await close();
    assert.equal(await exam.refusal(exam.dial(address)), 'refused');
  },

  'a dial that nobody answers ends when its time is up': async (exam) => {
    const address = await exam.subject.silent();
    const dialled = exam.subject.here.dial(address, { timeoutMs: 300 });
    assert.equal(await exam.refusal(exam.subject.until(dialled)), 'timeout');
  },

  'a dial given up rejects with the reason of its signal': async (exam) => {
    const reason = new Error('no longer wanted');
    const address = await exam.subject.silent();
    const abort = new AbortController();
    const dialled = exam.dial(address, abort.signal);
    abort.abort(reason);
    await assert.rejects(dialled, reason);
    await assert.rejects(exam.dial(address, abort.signal), reason);
  },

  'an address that is taken cannot be listened on': async (exam) => {
    const { address } = await exam.listen(() => {});
    assert.notEqual(await exam.refusal(exam.listen(() => {}, address.port)), 'refused');
  },

  'closing sends what was written first, and ends both': async (exam) => {
    const { near, far } = await exam.ends();
    const sent = 'x'.repeat(300_000);
    near.connection.write(bytesOf(sent));
    near.connection.close();
    near.connection.write(bytesOf('too late'));
    assert.equal(await far.ending(), 'closed');
    assert.equal(far.text(), sent);
    assert.equal(await near.ending(), 'closed');
  },

  'closing takes no longer than its grace': async (exam) => {
    const { near } = await exam.bareEnds();
    near.start().connection.write(new Uint8Array(FLOOD_BYTES));
    near.connection.close(50);
    assert.equal(await near.ending(), 'closed');
  },

  'destroying ends both at once': async (exam) => {
    const { near, far } = await exam.ends();
    near.connection.destroy();
    assert.equal(await near.ending(), 'closed');
    assert(['closed', 'reset'].includes(await far.ending()));
  },

  'ending twice, or writing afterwards, is harmless': async (exam) => {
    const { near, far } = await exam.ends();
    near.connection.close();
    near.connection.close();
    near.connection.destroy();
    near.connection.destroy();
    await near.ending();
    await far.ending();
    for (const { connection } of [near, far]) {
      connection.write(bytesOf('x'));
      connection.close();
      connection.destroy();
    }
    assert.equal(near.endings.length, 1);
    assert.equal(far.endings.length, 1);
  },

  'an end that was over before the start is told': async (exam) => {
    const { near, far } = await exam.ends();
    near.connection.destroy();
    await far.ending();
    const { near: early } = await exam.bareEnds();
    early.connection.destroy();
    assert.equal(await early.start().ending(), 'closed');
  },

  'what a reader does not read waits at the writer, and drains once it does': async (exam) => {
    const { near, far } = await exam.bareEnds();
    near.start();
    const piece = new Uint8Array(FLOOD_BYTES / 64);
    for (let sent = 0; sent < FLOOD_BYTES; sent += piece.length) near.connection.write(piece);
    assert(near.connection.waitingBytes > 0);
    far.start();
    await far.when(() => far.receivedBytes === FLOOD_BYTES);
    await near.when(() => near.connection.waitingBytes === 0 && near.drains > 0);
  },

  'a listener that closed takes no more, and keeps those it has': async (exam) => {
    const { near, far, listener } = await exam.ends();
    await listener.close();
    await listener.close();
    assert.equal(await exam.refusal(exam.dial(listener.address)), 'refused');
    near.connection.write(bytesOf('still here'));
    await far.hears('still here');
  },

  'many connections at once do not mix': async (exam) => {
    const accepted: End[] = [];
    const { address } = await exam.listen((connection) => void accepted.push(new End(connection, exam).start()));
    const dialled = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const end = new End(await exam.dial(address), exam).start();
        end.connection.write(bytesOf(`number ${at}`));
        end.connection.close();
        await end.ending();
        return end;
      }),
    );
    assert.equal(dialled.length, 20);
    for (const end of accepted) await end.ending();
    const heard = accepted.map((end) => end.text()).sort();
    assert.deepEqual(heard, Array.from({ length: 20 }, (_, at) => `number ${at}`).sort());
  },
};
