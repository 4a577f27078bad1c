import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceDiscoveryError } from '../../model/index.js';
import { loadConfig } from './load.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'datapunk-config-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function file(name: string, content: unknown): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Every complaint as `FILE: key rule`, the file without its directory. */
async function complaints(content: unknown): Promise<string[]> {
  const path = await file('a.json', content);
  const error = await loadConfig({ configFile: [path] }, {}).then(
    () => undefined,
    (thrown: unknown) => thrown as ServiceDiscoveryError,
  );
  const violations = error?.details.violations;
  const lines = violations?.map(({ field, rule }) => `${field} ${rule}`) ?? (error ? [error.message] : []);
  return lines.map((line) => line.replace(`${dir}/`, ''));
}

async function warnings(content: unknown): Promise<string[]> {
  const loaded = await loadConfig({ configFile: [await file('a.json', content)] }, {});
  return loaded.warnings.map((line) => line.replace(`${dir}/`, ''));
}

describe('defaults', () => {
  test('an agent without configuration listens on loopback, on Consul’s ports', async () => {
    const { config } = await loadConfig({}, {});
    expect(config.listen.http).toEqual([{ type: 'tcp', host: '127.0.0.1', port: 8500 }]);
    expect(config.listen.dns).toEqual([{ type: 'tcp', host: '127.0.0.1', port: 8600 }]);
    expect(config.listen.https).toEqual([]);
    expect(config.datacenter).toBe('dc1');
    expect(config.advertiseAddress).toBe('127.0.0.1');
    expect(config.checks.enableLocalScripts).toBe(false);
  });

  test('--dev has no data dir', async () => {
    expect((await loadConfig({ dev: true }, {})).config.dataDir).toBeUndefined();
  });

  test('an IPv6 listener is what the node advertises', async () => {
    const { config } = await loadConfig({ httpAddr: '[::1]:0', dnsAddr: '[::1]:0' }, {});
    expect(config.listen.http).toEqual([{ type: 'tcp', host: '::1', port: 0 }]);
    expect(config.advertiseAddress).toBe('::1');
  });
});

describe('layers', () => {
  test('flags win over environment, environment over files, later files over earlier ones, files over defaults', async () => {
    const a = await file('a.json', { datacenter: 'a', node_name: 'a', log_level: 'warn', domain: 'a.' });
    const b = await file('b.json', { datacenter: 'b', node_name: 'b', log_level: 'error' });
    const { config, merged } = await loadConfig(
      { configFile: [a, b], datacenter: 'flag' },
      { DATAPUNK_NODE_NAME: 'env', DATAPUNK_DATACENTER: 'env' },
    );
    expect([config.datacenter, config.nodeName, config.log.level, config.dns.domain]).toEqual([
      'flag',
      'env',
      'error',
      'a.',
    ]);
    expect(merged.sources.get('datacenter')).toBe('--datacenter');
    expect(merged.sources.get('node_name')).toBe('DATAPUNK_NODE_NAME');
    expect(merged.sources.get('log_level')).toBe(b);
    expect(merged.sources.get('domain')).toBe(a);
    expect(merged.sources.get('ports.dns')).toBe('default');
  });

  test('a directory is read in lexical order, JSON only', async () => {
    const conf = join(dir, 'conf.d');
    await mkdir(conf);
    await writeFile(join(conf, '20.json'), '{"datacenter": "twenty"}');
    await writeFile(join(conf, '10.json'), '{"datacenter": "ten"}');
    await writeFile(join(conf, 'notes.txt'), 'not read');
    expect((await loadConfig({ configDir: [conf] }, {})).config.datacenter).toBe('twenty');
  });

  test('lists append and single definitions join them; objects merge', async () => {
    const a = await file('a.json', { service: { name: 'a' }, recursors: ['1.1.1.1'], ports: { http: 1 } });
    const b = await file('b.json', {
      services: [{ name: 'b' }],
      service: { name: 'c' },
      recursors: ['9.9.9.9'],
      ports: { dns: 2 },
    });
    const { config } = await loadConfig({ configFile: [a, b] }, {});
    expect(config.services.map((service) => service.Name)).toEqual(['a', 'b', 'c']);
    expect(config.dns.recursors).toEqual(['1.1.1.1', '9.9.9.9']);
    expect([config.listen.http, config.listen.dns].flat().map((at) => at.type === 'tcp' && at.port)).toEqual([1, 2]);
  });

  test('-1 turns a listener off, several addresses make several', async () => {
    const path = await file('a.json', { client_addr: '127.0.0.1 ::1', ports: { dns: -1, http: 0 } });
    const { config } = await loadConfig({ configFile: [path] }, {});
    expect(config.listen.dns).toEqual([]);
    expect(config.listen.http.map((at) => at.type === 'tcp' && at.host)).toEqual(['127.0.0.1', '::1']);
  });

  test('keys like __proto__ are plain data', async () => {
    const path = await file('a.json', '{"node_meta": {"__proto__": "x", "constructor": "y"}}');
    const { config } = await loadConfig({ configFile: [path] }, {});
    expect(Object.entries(config.nodeMeta)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('definitions', () => {
  test('snake case and Consul’s own spelling are both read', async () => {
    const path = await file('a.json', {
      services: [
        {
          name: 'web',
          enable_tag_override: true,
          tagged_addresses: { lan: { address: '10.0.0.1', port: 80 } },
          check: {
            id: 'c',
            http: 'http://127.0.0.1/',
            interval: '10s',
            success_before_passing: 2,
            tls_skip_verify: true,
          },
        },
        { Name: 'db', Checks: [{ TTL: '5s', DeregisterCriticalServiceAfter: '1m' }] },
      ],
    });
    const { config } = await loadConfig({ configFile: [path] }, {});
    expect(config.services[0]).toMatchObject({
      Name: 'web',
      EnableTagOverride: true,
      TaggedAddresses: { lan: { Address: '10.0.0.1', Port: 80 } },
      Check: { ID: 'c', SuccessBeforePassing: 2, TLSSkipVerify: true },
    });
    expect(config.services[1]?.Checks?.[0]).toMatchObject({ TTL: '5s', DeregisterCriticalServiceAfter: '1m' });
  });

  test('a mistake names the definition and the field', async () => {
    expect(await complaints({ services: [{ name: 'a' }, { name: 'b', prot: 1 }] })).toEqual([
      'a.json: services[1] unknown field "prot"',
    ]);
  });
});

describe('what is refused', () => {
  test.each([
    [{ datacentre: 'x' }, 'a.json: datacentre is not a known key; did you mean "datacenter"?'],
    [{ nodeName: 'x' }, 'a.json: nodeName is not a known key; did you mean "node_name"?'],
    [{ ports: { htpp: 1 } }, 'a.json: ports.htpp is not a known key; did you mean "http"?'],
    [{ acl: { enable: true } }, 'a.json: acl.enable is not a known key; did you mean "enabled"?'],
    [{ zzzzzzzz: 1 }, 'a.json: zzzzzzzz is not a known key'],
    [{ ports: { http: '8500' } }, 'a.json: ports.http expected number, received string'],
    [{ ports: { http: 70_000 } }, 'a.json: ports.http Too big: expected number to be <=65535'],
    [
      { check_update_interval: '5' },
      'a.json: check_update_interval must be a duration such as "10s", "1m30s" or "500ms"',
    ],
    [{ log_level: 'loud' }, 'a.json: log_level must be one of trace, debug, info, warn, error'],
    [
      { bind_addr: '{{ GetPrivateIP }}' },
      'a.json: bind_addr address templates ("{{ … }}") are not supported: give the IP address itself',
    ],
    [[], 'a.json a configuration must be a JSON object'],
    [
      { retry_join: ['provider=aws tag_key=x'] },
      'a.json: retry_join.0 must be HOST, HOST:PORT or [IPV6]:PORT; HOST an IP address or a name',
    ],
    [
      { encrypt: 'cg8StVXbQJ0gPvMd9o7yrg==' },
      'a.json: encrypt must be 32 bytes in base64, such as `openssl rand -base64 32` prints',
    ],
    [{ sync: { flush: '-1ms' } }, 'a.json: sync.flush must not be negative'],
    [
      { sync: { digest_intervall: '1s' } },
      'a.json: sync.digest_intervall is not a known key; did you mean "digest_interval"?',
    ],
    [{ sync: { loss_share: 0 } }, 'a.json: sync.loss_share Too small: expected number to be >0'],
  ])('%j', async (content, complaint) => {
    expect(await complaints(content)).toEqual([complaint]);
  });

  test.each([
    { acl: { enabled: true } },
    { acl: { default_policy: 'deny' } },
    { acl_default_policy: 'deny' },
    { serf_lan_allowed_cidrs: ['10.0.0.0/8'] },
    { tls: { defaults: { verify_incoming: true } } },
    { tls: { https: { verify_incoming: true } } },
    { tls: { internal_rpc: { verify_server_hostname: true } } },
    { verify_outgoing: true },
    { auto_encrypt: { tls: true } },
  ])('never more open than asked: %j', async (content) => {
    const [complaint, ...rest] = await complaints(content);
    expect(complaint).toContain('asks for protection that this agent does not give yet');
    expect(rest).toEqual([]);
  });

  test('a section in another shape is not skipped', async () => {
    expect(await complaints({ acl: [{ enabled: true }] })).toEqual(['a.json: acl must be an object']);
  });

  test('everything wrong is told at once, with file and key', async () => {
    expect(await complaints({ datacentre: 'x', ports: { http: 'a', dsn: 1 }, encrypt: 'k' })).toHaveLength(4);
  });

  test('broken JSON is told with its place', async () => {
    expect((await complaints('{\n  "datacenter": "x",\n  oops\n}'))[0]).toMatch(/^a\.json:3:3: is not JSON: /);
  });

  test('HCL is refused rather than skipped', async () => {
    await file('a.hcl', 'acl { enabled = true }');
    await expect(loadConfig({ configDir: [dir] }, {})).rejects.toThrow(/HCL is not read/);
  });

  test('a missing file is named', async () => {
    await expect(loadConfig({ configFile: ['/nowhere/x.json'] }, {})).rejects.toThrow(
      /cannot read .*\/nowhere\/x\.json/,
    );
  });

  test.each(['8500', 'localhost', '127.0.0.1:99999', '::1:8500'])('the address %s', async (httpAddr) => {
    await expect(loadConfig({ httpAddr }, {})).rejects.toThrow(/is not an address; write HOST:PORT/);
  });

  test.each(['https', 'dns_tls', 'dns_https'])('the port %s without a certificate', async (name) => {
    const [complaint] = await complaints({ ports: { [name]: 8501 } });
    expect(complaint).toContain(`ports.${name}: needs tls.defaults.cert_file`);
  });
});

describe('what is only warned of', () => {
  test.each([
    [{ retry_interval: '1s' }, 'a.json: retry_interval is not supported and has no effect'],
    [{ autopilot: { anything: 1 } }, 'a.json: autopilot is not supported and has no effect'],
    [{ cert_file: 'x' }, 'a.json: cert_file has no effect here; use tls.defaults.cert_file'],
    [{ ports: { grpc: 8502 } }, 'a.json: ports.grpc is not supported and has no effect'],
  ])('%j', async (content, warning) => {
    expect(await warnings(content)).toEqual([warning]);
  });

  test('protection that is not asked for needs no word', async () => {
    expect(
      await warnings({ acl: { enabled: false, default_policy: 'allow' }, encrypt: '', verify_incoming: false }),
    ).toEqual([]);
  });
});
