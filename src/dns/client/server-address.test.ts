import { describe, expect, test } from 'vitest';
import { isDiscoveryError } from '../../model/index.js';
import { createDnsClient } from './index.js';
import { checkedServers, serverText } from './server-address.js';
import type { DnsServerAddress } from './server-address.js';

describe('entries of the list of servers', () => {
  test.each<[string | DnsServerAddress, string]>([
    ['1.2.3.4', 'udp://1.2.3.4:53'],
    ['127.0.0.1:8600', 'udp://127.0.0.1:8600'],
    ['::1', 'udp://[::1]:53'],
    ['[::1]:5353', 'udp://[::1]:5353'],
    ['[::1]', 'udp://[::1]:53'],
    ['udp://1.2.3.4', 'udp://1.2.3.4:53'],
    ['tcp://1.2.3.4:54', 'tcp://1.2.3.4:54'],
    ['TCP://[fd00::1]', 'tcp://[fd00::1]:53'],
    ['tls://dns.example', 'tls://dns.example:853'],
    ['tls://1.2.3.4:8853#dns.example', 'tls://1.2.3.4:8853'],
    ['https://dns.example', 'https://dns.example:443/dns-query'],
    ['https://dns.example:8443/query', 'https://dns.example:8443/query'],
    ['https://[::1]:8443/', 'https://[::1]:8443/dns-query'],
    [{ host: '1.2.3.4' }, 'udp://1.2.3.4:53'],
    [{ host: '::1', transport: 'tls', servername: 'dns.example' }, 'tls://[::1]:853'],
  ])('%j is %s', (entry, text) => {
    expect(checkedServers([entry]).map(serverText)).toEqual([text]);
  });

  test('the name after # is the one in the certificate; without it the host is', () => {
    expect(checkedServers(['tls://1.2.3.4#dns.example', 'https://dns.example/dns-query'])).toMatchObject([
      { host: '1.2.3.4', servername: 'dns.example' },
      { host: 'dns.example', servername: 'dns.example' },
    ]);
  });

  test.each<[unknown, RegExp]>([
    ['dns.example', /an IP address/],
    ['dns.example:53', /an IP address/],
    ['tcp://dns.example', /an IP address/],
    ['localhost', /an IP address/],
    ['1.2.3', /an IP address/],
    ['1.2.3.4:0', /port of 1 to 65535/],
    ['1.2.3.4:65536', /port of 1 to 65535/],
    ['1.2.3.4:', /port of 1 to 65535/],
    ['1.2.3.4:dns', /port of 1 to 65535/],
    ['1.2.3.4:53.5', /port of 1 to 65535/],
    ['[1.2.3.4]:53', /IPv6 address in brackets/],
    ['[::1', /is one of/],
    ['', /is one of/],
    ['quic://1.2.3.4', /transport of udp, tcp, tls or https/],
    ['tls://bad_host!', /host name or an IP address/],
    ['1.2.3.4#dns.example', /servername and ca with tls and https only/],
    ['https://user:secret@dns.example/dns-query', /no user or password/],
    ['https://', /is a URL/],
    [{ host: '1.2.3.4', path: '/x' }, /path with https only/],
    [{ host: '1.2.3.4', port: 1.5 }, /port of 1 to 65535/],
    [{ transport: 'https', host: 'a.example', path: 'x' }, /begins with \//],
    [{}, /an IP address/],
    [null, /is a text/],
    [53, /is a text/],
  ])('%j is refused by its rule', (entry, rule) => {
    const error = refusal(['1.2.3.4', entry]);
    expect(error.message).toMatch(rule);
    expect(error.message).toMatch(/^servers\[1\]: /);
    expect(error.message).not.toContain('secret');
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { violations: [{ field: 'servers[1]' }] } });
  });

  test('none at all, and too many', () => {
    for (const list of [[], undefined, '1.2.3.4', Array.from({ length: 17 }, () => '1.2.3.4')]) {
      expect(refusal(list)).toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { violations: [{ field: 'servers' }] },
      });
    }
  });
});

function refusal(servers: unknown): Error {
  try {
    createDnsClient({ servers: servers as string[] });
  } catch (error) {
    if (isDiscoveryError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
