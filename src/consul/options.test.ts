import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { optionsFromEnvironment } from './environment.js';
import { ConsulClient, type ConsulClientOptions } from './index.js';

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  return 'accepted';
}

describe('addresses', () => {
  test.each([
    [undefined, ['http://127.0.0.1:8500']],
    ['127.0.0.1:8500', ['http://127.0.0.1:8500']],
    ['localhost:80', ['http://localhost']],
    ['http://a.example:80', ['http://a.example']],
    ['http://a.example/', ['http://a.example:8500']],
    ['a.example', ['http://a.example:8500']],
    ['[::1]:9500', ['http://[::1]:9500']],
    ['[::1]', ['http://[::1]:8500']],
    ['https://a.example:8501', ['https://a.example:8501']],
    ['HTTP://a.example:1', ['http://a.example:1']],
    ['unix:///run/datapunk.sock', ['unix:///run/datapunk.sock']],
    ['a:1, b:2,https://c:3', ['http://a:1', 'http://b:2', 'https://c:3']],
    [
      ['a:1', 'b:2', 'http://a:1'],
      ['http://a:1', 'http://b:2'],
    ],
  ])('%j', (addresses, shown) => {
    expect(new ConsulClient({ addresses }).addresses).toEqual(shown);
  });

  test('without a scheme are https when asked for', () => {
    const addresses = ['a:1', 'http://b:2'];
    expect(new ConsulClient({ addresses, ssl: true }).addresses).toEqual(['https://a:1', 'http://b:2']);
  });

  test.each(['', ' ', 'a b:1', 'http://', '::1', 'a:99999', 'unix://', 'http://a:1/path', 'a:1,'])(
    '%j is none',
    (at) => {
      expect(refusal(() => new ConsulClient({ addresses: at }))).toMatch(/address/);
    },
  );

  test('hold no credentials, and do not tell them', () => {
    expect(refusal(() => new ConsulClient({ addresses: 'http://me:hush@a:1' }))).not.toContain('hush');
    expect(refusal(() => new ConsulClient({ addresses: 'http://me:hush@a b:1' }))).not.toContain('hush');
  });
});

test.each<[object, RegExp]>([
  [{ address: 'a:1' }, /address is not an option; did you mean addresses\?/],
  [{ addresses: [] }, /addresses/],
  [{ timeoutMs: 0 }, /timeoutMs must be 1 or more/],
  [{ timeoutMs: '5s' }, /timeoutMs must be a number/],
  [{ maxConnections: 1 }, /maxConnections must be 2 or more/],
  [{ maxAnswerBytes: 1.5 }, /maxAnswerBytes must be a whole number/],
  [{ token: 7 }, /token must be text/],
  [{ tls: { verify: 'no' } }, /tls.verify must be true or false/],
  [{ tls: { caFlie: 'x' } }, /tls.caFlie is not an option/],
  [{ clock: {} }, /clock must be a Clock/],
  [{ addresses: Array.from({ length: 33 }, (_, i) => `a${i}:1`) }, /addresses must be 32 or fewer/],
])('%j is refused', (options, says) => {
  expect(refusal(() => new ConsulClient(options as ConsulClientOptions))).toMatch(says);
});

describe('the environment', () => {
  test.each<[Record<string, string>, ConsulClientOptions]>([
    [{}, {}],
    [{ CONSUL_HTTP_ADDR: '', CONSUL_HTTP_TOKEN: '' }, {}],
    [{ CONSUL_HTTP_ADDR: 'a:1,b:2' }, { addresses: 'a:1,b:2' }],
    [{ CONSUL_HTTP_TOKEN: 's' }, { token: 's' }],
    [
      { CONSUL_HTTP_TOKEN_FILE: '/t', CONSUL_HTTP_TOKEN: 's' },
      { tokenFile: '/t', token: 's' },
    ],
    [{ CONSUL_HTTP_AUTH: 'me:s' }, { auth: 'me:s' }],
    [{ CONSUL_NAMESPACE: 'team' }, { namespace: 'team' }],
    [{ CONSUL_HTTP_SSL: 'true' }, { ssl: true }],
    [{ CONSUL_HTTP_SSL: '0' }, { ssl: false }],
    [{ CONSUL_HTTP_SSL_VERIFY: 'FALSE' }, { tls: { verify: false } }],
    [
      {
        CONSUL_CACERT: '/ca',
        CONSUL_CAPATH: '/cas',
        CONSUL_CLIENT_CERT: '/c',
        CONSUL_CLIENT_KEY: '/k',
        CONSUL_TLS_SERVER_NAME: 'n',
      },
      { tls: { caFile: '/ca', caPath: '/cas', certFile: '/c', keyFile: '/k', serverName: 'n' } },
    ],
  ])('%j', (env, options) => expect(optionsFromEnvironment(env)).toEqual(options));

  test('what is given wins, a token over the file of one', () => {
    const env = { CONSUL_HTTP_ADDR: 'env:1', CONSUL_HTTP_TOKEN_FILE: '/t', CONSUL_CACERT: '/ca' };
    const overrides = { addresses: 'mine:2', token: 'mine', timeoutMs: undefined, tls: { verify: false } };
    expect(optionsFromEnvironment(env, overrides)).toEqual({
      addresses: 'mine:2',
      token: 'mine',
      tls: { caFile: '/ca', verify: false },
    });
  });

  test('a flag that is neither true nor false is named', () => {
    expect(refusal(() => ConsulClient.fromEnvironment({ CONSUL_HTTP_SSL: 'maybe' }))).toMatch(
      /CONSUL_HTTP_SSL must be true or false, not "maybe"/,
    );
  });
});

test('files are read at the first call, and named when they cannot be', async () => {
  await using client = new ConsulClient({ addresses: '127.0.0.1:1', tokenFile: '/nowhere/token' });
  await expect(client.status.leader()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/tokenFile \(CONSUL_HTTP_TOKEN_FILE\): cannot read \/nowhere\/token/),
  });
  await using other = new ConsulClient({ addresses: 'https://127.0.0.1:1', tls: { caFile: '/nowhere/ca.pem' } });
  await expect(other.status.leader()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^tls\.caFile \(CONSUL_CACERT\): cannot read \/nowhere\/ca\.pem/),
  });
});

test('a client shows its addresses, and nothing that is secret', () => {
  const client = new ConsulClient({ addresses: 'a:1', token: 'hush-token', auth: 'me:hush', tls: { key: 'hush-key' } });
  for (const shown of [inspect(client, { depth: 9, showHidden: true }), inspect({ client }), JSON.stringify(client)]) {
    expect(shown).not.toContain('hush');
  }
  expect(inspect(client)).toBe("ConsulClient { addresses: [ 'http://a:1' ] }");
  expect(inspect(client.health, { depth: 9, showHidden: true })).not.toContain('hush');
});
