import { beforeEach, expect, test } from 'vitest';
import { silentLogger, type Logger } from '../../runtime/index.js';
import type { Notice } from '../step/types.js';
import { Notices } from './notices.js';

let told: string[];
let notices: Notices;
beforeEach(() => {
  told = [];
  const line =
    (level: string) =>
    (fields: object, event: string): void =>
      void told.push(`${level} ${event} ${JSON.stringify(fields)}`);
  const logger: Logger = { ...silentLogger, info: line('info'), warn: line('warn'), error: line('error') };
  notices = new Notices({
    logger,
    host: {
      reclaim: async ({ id }) => void told.push(`reclaim ${id}`),
      yieldRow: async ({ id }) => {
        told.push(`yield ${id}`);
        throw new Error('closed');
      },
    },
    nameOf: (origin) => `node-${origin}`,
    refused: (origin) => told.push(`refused ${origin}`),
  });
});

const ref = { kind: 'service', node: 'n1', id: 'web' } as const;

test.each<[Notice, string[]]>([
  [
    { type: 'member', origin: 'b', node: 'n2', state: 'dead', evidence: 'silent for 6 s' },
    ['warn sync.member_dead {"node":"n2","evidence":"silent for 6 s"}'],
  ],
  [{ type: 'member', origin: 'b', node: 'n2', state: 'alive', evidence: '' }, ['info sync.member_alive {"node":"n2"}']],
  [
    { type: 'conflict', ref, winner: 'b', loser: 'c', sameAddress: false },
    ['warn sync.conflict {"kind":"service","row":"n1 web","winner":"node-b","loser":"node-c","sameAddress":false}'],
  ],
  [
    { type: 'lost', ref, winner: 'b', yield: false },
    ['warn sync.row_lost_to_another_agent {"kind":"service","row":"n1 web","winner":"node-b","withdrawn":false}'],
  ],
  [{ type: 'reclaim', ref }, ['info sync.row_claimed_back {"kind":"service","row":"n1 web"}', 'reclaim web']],
  [{ type: 'reset', stream: 'b', reason: 'behind' }, ['info sync.stream_begun_anew {"stream":"b","reason":"behind"}']],
  [{ type: 'protected', active: true, reason: 'minority' }, ['warn sync.protected_mode_entered {"reason":"minority"}']],
  [{ type: 'protected', active: false, reason: '' }, ['info sync.protected_mode_left {"reason":""}']],
  [
    { type: 'refused', origin: 'b', node: 'n2', reason: 'the name is taken' },
    ['warn sync.peer_refused {"node":"n2","reason":"the name is taken"}', 'refused b'],
  ],
  [{ type: 'home', problem: 'two homes' }, ['warn sync.no_home {"problem":"two homes"}']],
  [{ type: 'home', problem: '' }, ['info sync.home_agreed {}']],
])('%j', (notice, lines) => {
  notices.take(notice);
  expect(told).toEqual(lines);
});

test('a row that lost at the same address is withdrawn, and it is told when that did not work', async () => {
  notices.take({ type: 'lost', ref, winner: 'b', yield: true });
  await new Promise((resolve) => void setImmediate(resolve));
  expect(told.slice(1)).toEqual(['yield web', expect.stringMatching(/^error sync\.row_not_withdrawn/)]);
});
