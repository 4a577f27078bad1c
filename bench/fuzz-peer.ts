/**
 * Throws damaged and random bytes at the codec of peer messages and at whole peer connections until told to stop:
 * `--seconds N` (10), `--seed N` (random, printed; the same seed throws the same bytes). Ends with an error at the first of:
 * - anything but a refusal out of the decoder, or a message that is not the same after writing and reading it again;
 * - a connection that neither talks nor ends, leaves a timer, or with keys delivers what was not sent;
 * - one message that takes more than 500 ms of the processor; memory that grows.
 */
import { fuzzCodec, fuzzConversation, sampleMessages } from '../src/testing/fuzz-peers.js';
import type { Message } from '../src/sync/index.js';
import { seededRandom } from '../src/testing/seeded-random.js';

const SLOW_MS = 500;
const GROWTH_BYTES = 256 * 1024 * 1024;
const SAMPLES = 300;
const seconds = numberAfter('--seconds', 10);
const seed = numberAfter('--seed', Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
const until = performance.now() + seconds * 1000;
const thrown = { messages: 0, readable: 0, conversations: 0, refused: 0, ended: 0, whole: 0 };
let samples: Message[] = [];
let settledBytes: number | undefined;
console.log(`fuzz-peer: seed ${seed}, ${seconds} s`);

for (let round = 0; performance.now() < until; round++) {
  if (round % 20 === 0) samples = sampleMessages(seed + round, SAMPLES);
  for (let turn = 0; turn < 500; turn++) {
    timed(() => {
      if (fuzzCodec(pick(), random)) thrown.readable++;
    });
    thrown.messages++;
  }
  for (let turn = 0; turn < 10; turn++) {
    const { outcome } = await fuzzConversation(Array.from({ length: 20 }, pick), random);
    thrown[outcome]++;
    thrown.conversations++;
  }
  const { rss } = process.memoryUsage();
  if (round === 20) settledBytes = rss;
  if (settledBytes !== undefined && rss > settledBytes + GROWTH_BYTES) throw new Error(`memory grew to ${rss} bytes`);
}
console.log(JSON.stringify(thrown));
console.log(`${process.memoryUsage().rss} bytes resident; all is well`);

function timed(work: () => void): void {
  // Of this process: others may keep it waiting.
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  if ((user + system) / 1000 > SLOW_MS) throw new Error('too slow');
}

function pick(): Message {
  return samples[Math.floor(random.next() * samples.length)] as Message;
}

function numberAfter(flag: string, otherwise: number): number {
  const at = process.argv.indexOf(flag);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
