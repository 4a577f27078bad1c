/**
 * The format of version 1 of the protocol, byte for byte: agents of different builds talk to each other. Whoever changes
 * one of these after a release raises `protocolVersions.max` and keeps writing the old one to whom speaks no other.
 */
import { expect, test } from 'vitest';
import { refOf } from '../../model/index.js';
import { sampleRows } from '../../testing/sample-rows.js';
import { memberInfo } from '../../testing/peer-pair.js';
import type { DeltaMessage, Message, StreamKind } from '../messages.js';
import { streamId } from '../messages.js';
import { KINDS } from './kinds.js';
import { decodeMessage, encodeMessage } from './message.js';

const ORIGIN = '7c7a39f4-5d5c-4f46-9a7e-4f0c2b1f1a01';
const OTHER = 'adf4238a-882b-9ddc-4a9d-5b6758e4159e';
const position = { stream: ORIGIN, inc: 1_700_000_000_000, ver: 300 };

function deltaOf(kind: StreamKind): DeltaMessage {
  const kinds = KINDS.filter(({ stream }) => stream === kind).map((codec) => codec.kind);
  const rows = sampleRows.filter((row) => kinds.includes(row.kind));
  const stamped = rows.map((row, at) => ({
    ref: refOf(row),
    ver: 10 + at,
    hlc: at === 0 ? 1_700_000_000_005 * 2048 + 1 : 0,
    row,
  }));
  const gone = rows.map((row, at) => ({ ref: refOf(row), ver: 20 + 2 * at, hlc: 0 }));
  return {
    type: 'delta',
    stream: streamId(ORIGIN, kind),
    inc: 1_700_000_000_000,
    prev: 9,
    to: 40,
    end: 41,
    gc: 5,
    index: kind === 'state' ? 77 : 0,
    records: [...stamped, ...gone],
  };
}

const messages: Readonly<Record<Message['type'], Message>> = {
  summary: { type: 'summary', hash: [1, 2 ** 32 - 1], members: [3, 4] },
  digest: {
    type: 'digest',
    entries: [{ ...position, hash: [1, 2], base: { ver: 3, hash: [4, 5] }, firsthand: true }],
    answer: false,
  },
  pull: { type: 'pull', wants: [{ ...position, stream: `${ORIGIN}/state`, staged: true }] },
  delta: deltaOf('catalog'),
  members: {
    type: 'members',
    members: [memberInfo('a', { succeeds: [OTHER], primary: 'b', space: 's' })],
    answer: true,
  },
  beat: { type: 'beat', inc: 1_700_000_000_000, beat: 128, health: 8, sentMs: 1_000, echoMs: 0.5 },
  opinion: { type: 'opinion', about: ORIGIN, inc: 1, beat: 2, verdict: 'dead', evidence: 'hard' },
  alive: { type: 'alive', inc: 1, beat: 127 },
  ping: { type: 'ping' },
  goodbye: { type: 'goodbye', inc: 2 ** 53 - 1 },
  conflict: {
    type: 'conflict',
    stream: ORIGIN,
    ref: { kind: 'service', node: 'n', id: 'ä' },
    winner: OTHER,
    hlc: 9,
    sameAddress: true,
  },
  call: {
    type: 'call',
    id: 1,
    method: 'm',
    args: [null, true, false, -1, 1.5, 'x\ud800', { a: [] }, undefined, 2n ** 64n, Uint8Array.of(7)],
  },
  answer: { type: 'answer', id: 1, ok: false, value: { code: 'NOT_FOUND' }, seen: [position] },
  keyring: { type: 'keyring', keys: ['k', 'l'], primary: 'k', at: 5 },
};

const written: Readonly<Record<Message['type'], string>> = {
  summary: '0000000001ffffffff0000000300000004',
  digest: ['010100007c7a39f45d5c4f469a7e4f0c2b1f1a0180d095ffbc31ac020000000100000002030000000400000005', '0100'].join(
    '',
  ),
  pull: '020101007c7a39f45d5c4f469a7e4f0c2b1f1a0180d095ffbc31ac0201',
  delta: [
    '0306007c7a39f45d5c4f469a7e4f0c2b1f1a0180d095ffbc310506280929a0010a018180db85b4e79b063f084e',
    '6f64652d31003f9d1f0e8f2e4a7c9a6a0d5f6f0a1b2c0a31302e302e302e310101056c616e0a31302e302e302e',
    '3101020b5f5f70726f746f5f5f07706c61696e0d636f6e7374727563746f7206646174610564633181018080db',
    '85b4e79b06fefd0305576562077765622d310a31302e302e302e32a10102047631096772c3b6c39f6501020b5f',
    '5f70726f746f5f5f07706c61696e0d636f6e7374727563746f7206646174610102056c616e0a31302e302e302e',
    '32a1010577616e0b3139322e302e322e31a17e1501010f2f72756e2f7765622e736f636b0f636f6e6e6563742d',
    '70726f787906021844657374696e6174696f6e536572766963654e616d650404646208436f6e6669670601086e',
    '657374656405030303000403780601084e617469766502060208526567696f6e04046575065a6f6e6504036102',
    'f8e90102166c696e650a6c696e652000202271756f74656422066874747005313073010476310435730e6f6e20',
    '63616c6c3a20776562f9cf02060106485454500418687474703a2f2f31302e302e302e322f6865616c74681808',
    '00190202077765622d311a0200',
  ].join(''),
  members: [
    '0401000000000000004000800000000000000a80d095ffbc310361056463310a31302e302e302e31ed40010107',
    '302e312e30036203730100adf4238a882b9ddc4a9d5b6758e4159e0001',
  ].join(''),
  beat: '0580d095ffbc31800108d10f003fe0000000000000',
  opinion: '06007c7a39f45d5c4f469a7e4f0c2b1f1a0101020201',
  alive: '07017f',
  ping: '08',
  goodbye: '09ffffffffffffff0f',
  conflict: '0a00007c7a39f45d5c4f469a7e4f0c2b1f1a0101036e04c3a400adf4238a882b9ddc4a9d5b6758e4159e0901',
  call: [
    '0b01036d050a000201030203003ff8000000000000040104780000d80601036105000708163138343436373434',
    '303733373039353531363136090107',
  ].join(''),
  answer: ['0c0100060106636f6465040b4e4f545f464f554e440100007c7a39f45d5c4f469a7e4f0c2b1f1a0180d095ffbc', '31ac02'].join(
    '',
  ),
  keyring: '0d02036b036c036b05',
};

const STATE_DELTA = [
  '030f007c7a39f45d5c4f469a7e4f0c2b1f1a0180d095ffbc31050a2809294d230a0109612f00c3bf2f62010568',
  '656c6c6fffffffff0fffffffff0f0300adf4238a882b9ddc4a9d5b6758e4159e00000400adf4238a882b9ddc4a',
  '9d5b6758e4159e066c6f636b084e6f64652d31b1ea010105333073010c736572664865616c746801066469736b',
  '01010f736572766963653a7765622d3102000005008f246b77f3e1ff885b488ec93abf3e050567656f0203740e',
  '247b6e616d652e66756c6c7d050101056463320101010378085f6167656e7401010476310101067261636b0331',
  '01010976657273696f6e0331010531307301136e616d655f7072656669785f6d617463680c5e67656f2d282e2a',
  '29240100000600b54fe1107af5cafcd1fbafc8ba432b1c086465706c6f790103313233036e0373037413000007',
  '12736572766963652d64656661756c74730577656206020a50726f746f636f6c040668747470064d6574610602',
  '0b5f5f70726f746f5f5f0407706c61696e0d636f6e7374727563746f7204066461746100001b060209612f00c3',
  'bf2f621c020200adf4238a882b9ddc4a9d5b6758e4159e1d0202008f246b77f3e1ff885b488ec93abf3e051e02',
  '0212303030303030303030303030303031391f020216736572766963652d64656661756c74732f776562',
].join('');

test.each(Object.keys(messages) as Message['type'][])('%s', (type) => {
  const bytes = encodeMessage(messages[type]);
  expect(Buffer.from(bytes).toString('hex')).toBe(written[type]);
  expect(decodeMessage(Buffer.from(written[type], 'hex'))).toEqual(messages[type]);
});

test('a delta of state', () => {
  expect(Buffer.from(encodeMessage(deltaOf('state'))).toString('hex')).toBe(STATE_DELTA);
});
