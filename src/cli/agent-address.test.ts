import { describe, expect, test } from 'vitest';
import { agentAddress } from './agent-address.js';

describe('the address of an agent', () => {
  test.each([
    ['127.0.0.1:8500', 'http://127.0.0.1:8500'],
    ['localhost:80', 'http://localhost'],
    ['http://a.example:80', 'http://a.example'],
    ['a.example', 'http://a.example:8500'],
    ['[::1]:9500', 'http://[::1]:9500'],
    ['[::1]', 'http://[::1]:8500'],
    ['https://a.example:8501', 'https://a.example:8501'],
    ['HTTP://a.example:1', 'http://a.example:1'],
  ])('%s', async (given, origin) => {
    expect((await agentAddress({ httpAddr: given }, {})).origin).toBe(origin);
  });

  test('a unix socket', async () => {
    const { socketPath, shown } = await agentAddress({ httpAddr: 'unix:///run/datapunk.sock' }, {});
    expect([socketPath, shown]).toEqual(['/run/datapunk.sock', 'unix:///run/datapunk.sock']);
  });

  test.each(['', ' ', 'a b:1', 'http://', '::1', 'a:99999'])('%j is none', async (httpAddr) => {
    await expect(agentAddress({ httpAddr }, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('flags win over Consul’s variables, and those over the defaults', async () => {
    const env = { CONSUL_HTTP_ADDR: 'env.example:1', CONSUL_HTTP_TOKEN: 'env', CONSUL_HTTP_AUTH: 'me:secret' };
    expect(await agentAddress({ httpAddr: 'flag.example:2', token: 'flag' }, env)).toMatchObject({
      origin: 'http://flag.example:2',
      token: 'flag',
      authorization: 'Basic bWU6c2VjcmV0',
    });
    expect(await agentAddress({}, env)).toMatchObject({ origin: 'http://env.example:1', token: 'env' });
    expect(await agentAddress({}, {})).toMatchObject({ origin: 'http://127.0.0.1:8500', token: '' });
  });

  test('TLS as Consul’s variables say', async () => {
    const env = { CONSUL_HTTP_SSL: 'true', CONSUL_HTTP_SSL_VERIFY: 'false', CONSUL_TLS_SERVER_NAME: 'agent' };
    expect(await agentAddress({ httpAddr: '10.0.0.1:8501' }, env)).toMatchObject({
      origin: 'https://10.0.0.1:8501',
      tls: { rejectUnauthorized: false, servername: 'agent' },
    });
  });

  test('a file that cannot be read is named with its variable', async () => {
    await expect(agentAddress({}, { CONSUL_CACERT: '/nowhere/ca.pem' })).rejects.toThrow(
      /CONSUL_CACERT: cannot read \/nowhere\/ca\.pem/,
    );
  });
});
