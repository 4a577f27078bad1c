import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { isLoopback, networkOf } from './client-network.js';
import { Cookies } from './cookies.js';
import type { CookieOption } from './cookies.js';
import { RateLimit } from './rate-limit.js';
import { sipHash24 } from './siphash.js';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('SipHash-2-4', () => {
  // The test vectors of its paper's reference code: key 00…0f, message 00, 00 01, …
  const vectors: readonly [number, string][] = [
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
  ];
  test.each(vectors)('%i bytes', (length, hash) => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const message = Uint8Array.from({ length }, (_, i) => i);
    expect(Buffer.from(sipHash24(key, message)).toString('hex')).toBe(hash);
  });
});

describe('server cookies (RFC 9018)', () => {
  // Appendix A.1 and A.2 of the RFC.
  const cookies = new Cookies(hex('e5e973e5a6b2a43f48e7dc849e37bfcf'));
  const learned: CookieOption = {
    type: 'cookie',
    client: hex('2464c4abcf10c957'),
    server: hex('01000000 5cf79f11 1f8130c3eee29480'),
  };

  test('the example of the RFC', () => {
    const asked: CookieOption = { ...learned, server: new Uint8Array() };
    expect(cookies.answer(asked, '198.51.100.100', 1_559_731_985)).toEqual(learned);
  });

  test('is valid for an hour at its address, and renewed after half of one', () => {
    const made = 1_559_731_985;
    expect(cookies.isValid(learned, '198.51.100.100', made + 3600)).toBe(true);
    expect(cookies.isValid(learned, '198.51.100.100', made + 3601)).toBe(false);
    expect(cookies.isValid(learned, '198.51.100.100', made - 301)).toBe(false);
    expect(cookies.isValid(learned, '198.51.100.101', made)).toBe(false);
    expect(cookies.isValid({ ...learned, client: new Uint8Array(8) }, '198.51.100.100', made)).toBe(false);
    expect(cookies.isValid({ ...learned, server: hex('0011223344556677') }, '198.51.100.100', made)).toBe(false);
    expect(cookies.answer(learned, '198.51.100.100', made + 1799)).toEqual(learned);
    expect(cookies.answer(learned, '198.51.100.100', made + 1801).server).not.toEqual(learned.server);
  });

  test('IPv6', () => {
    const one = cookies.answer({ ...learned, server: new Uint8Array() }, '2001:db8::1', 1000);
    expect(cookies.isValid(one, '2001:db8::1', 1000)).toBe(true);
    expect(cookies.isValid(one, '2001:db8::2', 1000)).toBe(false);
  });
});

describe('rate limit', () => {
  test('earns its rate back, but not before its debt of at most a window is paid', async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(10, clock);
    const sent = (): number =>
      Array.from({ length: 50 }, () => limit.judge('192.0.2.1', 'x')).filter((v) => v === 'send').length;
    expect(sent()).toBe(10);
    await clock.advance(1000);
    expect(sent()).toBe(0);
    // However long the flood was, a window pays for it.
    for (let i = 0; i < 20; i++) sent();
    await clock.advance(16_000);
    expect(sent()).toBe(10);
  });

  test('a network shares its account, others do not', () => {
    const limit = new RateLimit(1, new FakeClock());
    expect(limit.judge('192.0.2.1', 'x')).toBe('send');
    expect(limit.judge('192.0.2.99', 'x')).toBe('drop');
    expect(limit.judge('192.0.3.1', 'x')).toBe('send');
    expect(limit.judge('192.0.2.1', 'y')).toBe('send');
  });

  test('keeps a bounded number of accounts', () => {
    const limit = new RateLimit(1, new FakeClock());
    limit.judge('192.0.2.1', 'first');
    for (let i = 0; i < limits.dnsRateLimitKeys; i++) limit.judge('192.0.2.1', String(i));
    expect(limit.judge('192.0.2.1', 'first')).toBe('send');
  });
});

test('networks and loopback, mapped addresses included', () => {
  expect(networkOf('192.0.2.77')).toBe('192.0.2');
  expect(networkOf('::ffff:192.0.2.77')).toBe('192.0.2');
  expect(networkOf('2001:db8:1:2ff::1')).toBe(networkOf('2001:db8:1:200::2'));
  expect(networkOf('2001:db8:1:2ff::1')).not.toBe(networkOf('2001:db8:1:300::2'));
  const local = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'];
  const remote = ['10.0.0.1', '128.0.0.1', 'fd00::1', '::ffff:10.0.0.1', ''];
  expect(local.map(isLoopback)).toEqual(local.map(() => true));
  expect(remote.map(isLoopback)).toEqual(remote.map(() => false));
});
