import { expect, test } from 'vitest';
import { createDnsClient } from '../../dns/client/index.js';
import type { DnsServerAddress } from '../../dns/client/index.js';
import { serverEntries } from './server-entries.js';

/** How the client understands them. */
async function understood(entry: string | DnsServerAddress, port: number | undefined, cuts: boolean): Promise<string> {
  await using client = createDnsClient({ servers: serverEntries([entry], port, cuts) });
  return client.servers[0]?.server ?? '';
}

test.each<[string | DnsServerAddress, number | undefined, boolean, string]>([
  ['127.0.0.1', undefined, false, 'udp://127.0.0.1:53'],
  ['127.0.0.1', 8600, true, 'udp://127.0.0.1:8600'],
  ['127.0.0.1:53', 8600, true, 'udp://127.0.0.1:53'],
  ['::1', 8600, true, 'udp://[::1]:8600'],
  ['[::1]', 8600, true, 'udp://[::1]:8600'],
  ['[::1]:53', 8600, true, 'udp://[::1]:53'],
  ['tcp://::1', 8600, true, 'tcp://[::1]:8600'],
  ['10.0.0.1', 8600, false, 'udp://10.0.0.1:8600'],
  ['10.0.0.1', 8600, true, 'tcp://10.0.0.1:8600'],
  ['10.0.0.1:53', 8600, true, 'tcp://10.0.0.1:53'],
  ['fd00::1', 8600, true, 'tcp://[fd00::1]:8600'],
  ['udp://10.0.0.1', 8600, true, 'udp://10.0.0.1:8600'],
  ['tls://10.0.0.1', 8600, true, 'tls://10.0.0.1:853'],
  ['https://dns.example/dns-query', 8600, true, 'https://dns.example:443/dns-query'],
  [{ host: '10.0.0.1' }, 8600, true, 'tcp://10.0.0.1:8600'],
  [{ host: '10.0.0.1', transport: 'udp', port: 53 }, 8600, true, 'udp://10.0.0.1:53'],
  [{ host: '10.0.0.1', transport: 'tls' }, 8600, true, 'tls://10.0.0.1:853'],
])('%j with port %s is %4$s', async (entry, port, cuts, server) => {
  expect(await understood(entry, port, cuts)).toBe(server);
});

test.each(['dns.example', '10.0.0.1:0', '10.0.0.1:70000', '[10.0.0.1]', 'http://10.0.0.1', '', ' ', '10.0.0.1:8600:1'])(
  '%j is refused, with a port and without',
  (entry) => {
    for (const port of [8600, undefined]) {
      const make = () => createDnsClient({ servers: serverEntries([entry], port, true) });
      expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  },
);
