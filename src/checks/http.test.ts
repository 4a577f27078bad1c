import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type CheckRegistration, limits, toCheckDefinition } from '../model/index.js';
import { listenOnLoopback, refusedAddress, testCertificate } from '../testing/loopback-server.js';
import { allowedNetworks } from './allowed-networks.js';
import { Dialer } from './dialer.js';
import { httpRunner } from './http.js';

const runner = httpRunner(new Dialer());
const signal = new AbortController().signal;

function http(url: string, more: CheckRegistration = {}) {
  return toCheckDefinition({ HTTP: url, Interval: '10s', ...more });
}

async function probe(listener: RequestListener, more: CheckRegistration = {}, path = '/') {
  await using server = await listenOnLoopback(createServer(listener));
  const url = `http://${server.address}${path}`;
  return { url, ...(await runner.run(http(url, more), signal)) };
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => resolve(body));
  });
}

describe('http check', () => {
  it.each([
    [200, 'passing'],
    [204, 'passing'],
    [299, 'passing'],
    [429, 'warning'],
    [300, 'critical'],
    [304, 'critical'],
    [404, 'critical'],
    [500, 'critical'],
    [503, 'critical'],
  ])('status %i is %s', async (code, status) => {
    const result = await probe((_, response) => response.writeHead(code).end());
    expect(result.status).toBe(status);
  });

  it('shows method, address, status and body', async () => {
    const { url, output } = await probe((_, response) => response.end('all well'), {}, '/health?deep=1');
    expect(output).toBe(`HTTP GET ${url}: 200 OK Output: all well`);
  });

  it('sends what the check says, and its own names only where the check has none', async () => {
    let seen: IncomingMessage | undefined;
    let body = '';
    const { output, url } = await probe(
      (request, response) => {
        seen = request;
        void bodyOf(request).then((text) => response.end((body = text)));
      },
      { Method: 'PUT', Body: '{"é":1}', Header: { 'X-One': ['1', '2'], host: ['api.example'], accept: ['text/html'] } },
    );
    expect(output).toBe(`HTTP PUT ${url}: 200 OK Output: {"é":1}`);
    expect(body).toBe('{"é":1}');
    expect(seen?.headers).toMatchObject({
      host: 'api.example',
      accept: 'text/html',
      'x-one': '1, 2',
      'user-agent': 'Consul Health Check',
      'content-length': '8',
      connection: 'close',
    });
  });

  it('asks for text by default and sends a body even with GET', async () => {
    let accept: string | undefined;
    const { output } = await probe(
      (request, response) => {
        accept = request.headers.accept;
        void bodyOf(request).then((text) => response.end(text));
      },
      { Body: 'ping' },
    );
    expect(accept).toBe('text/plain, text/*, */*');
    expect(output).toContain('Output: ping');
  });

  it('takes header names of every kind as data', async () => {
    const Header = JSON.parse('{"__proto__":["x"],"constructor":["y"]}') as Record<string, string[]>;
    const names: string[] = [];
    const result = await probe(
      (request, response) => {
        names.push(...request.rawHeaders);
        response.end();
      },
      { Header },
    );
    expect(result.status).toBe('passing');
    expect(names).toEqual(expect.arrayContaining(['__proto__', 'x', 'constructor', 'y']));
  });

  it('never shows header or body values when they cannot be sent', async () => {
    const { status, output } = await probe((_, response) => response.end(), { Header: { 'X-Key': ['se\ncret'] } });
    expect(status).toBe('critical');
    expect(output).not.toContain('cret');
  });

  it('keeps the end of a long body', async () => {
    const { output } = await probe((_, response) => response.end(`${'a'.repeat(10_000)}the end`), {
      OutputMaxSize: 20,
    });
    expect(output).toMatch(/Output: a{13}the end$/);
  });

  it('reads an endless body only so far, and judges by its status', async () => {
    let sent = 0;
    const { status, output } = await probe((_, response) => {
      const chunk = Buffer.alloc(256 * 1024, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', more);
      more();
    });
    expect(status).toBe('passing');
    expect(output.length).toBeLessThan(limits.checkOutputBytes + limits.checkOutputPrefixBytes);
    expect(sent).toBeLessThan(4 * limits.checkBodyBytes);
  });

  it('judges by the status when the body breaks off', async () => {
    const { status, output } = await probe((_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('begun', () => response.destroy());
    });
    expect(status).toBe('passing');
    expect(output).toContain('Output: begun');
  });
});

/** `/3` sends on to `/2`, and so on. */
const hop: RequestListener = (request, response) => {
  const left = Number(request.url?.slice(1));
  if (left === 0) response.end(request.method);
  else response.writeHead(302, { Location: `/${left - 1}` }).end();
};

describe('redirects of http checks', () => {
  it('are followed ten times, then no further', async () => {
    expect(await probe(hop, {}, '/10')).toMatchObject({ status: 'passing' });
    const refused = await probe(hop, {}, '/11');
    expect(refused.status).toBe('critical');
    expect(refused.output).toContain('stopped after 10 redirects');
  });

  it('are the answer itself when turned off', async () => {
    const { status, output, url } = await probe(hop, { DisableRedirects: true }, '/1');
    expect(status).toBe('critical');
    expect(output).toBe(`HTTP GET ${url}: 302 Found Output: `);
  });

  it.each([
    [302, 'GET '],
    [303, 'GET '],
    [307, 'POST again'],
    [308, 'POST again'],
  ])('with %i go on as %s', async (code, expected) => {
    const { output } = await probe(
      (request, response) => {
        if (request.url === '/') response.writeHead(code, { Location: 'there' }).end();
        else void bodyOf(request).then((body) => response.end(`${request.method} ${body}`));
      },
      { Method: 'POST', Body: 'again' },
    );
    expect(output).toContain(`Output: ${expected}`);
  });

  it('do not carry credentials or Host to another server', async () => {
    let headers: IncomingMessage['headers'] = {};
    await using other = await listenOnLoopback(
      createServer((request, response) => {
        headers = request.headers;
        response.end();
      }),
    );
    const Header = { Authorization: ['secret'], Cookie: ['secret'], Host: ['api.example'], 'X-Kept': ['yes'] };
    const result = await probe(
      (_, response) => response.writeHead(302, { Location: `http://${other.address}/` }).end(),
      {
        Header,
      },
    );
    expect(result.status).toBe('passing');
    expect(headers).toMatchObject({ host: other.address, 'x-kept': 'yes' });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
  });

  it('to another scheme than http are critical', async () => {
    const { status, output } = await probe((_, response) => response.writeHead(302, { Location: 'ftp://x/' }).end());
    expect(status).toBe('critical');
    expect(output).toContain('unsupported protocol scheme "ftp"');
  });
});

describe('http checks that get no answer', () => {
  it('say what failed in the words of Go', async () => {
    const address = await refusedAddress(createTcpServer());
    const { status, output } = await runner.run(http(`http://${address}/x`), signal);
    expect(status).toBe('critical');
    expect(output).toBe(`Get "http://${address}/x": dial tcp ${address}: connect: connection refused`);
  });

  it('name an unknown host', async () => {
    const { output } = await runner.run(http('http://nothing.invalid/'), signal);
    expect(output).toMatch(/^Get "http:\/\/nothing.invalid\/": dial tcp: lookup nothing.invalid: /);
  });

  it('tell a timeout', async () => {
    await using server = await listenOnLoopback(createServer(() => {}));
    const result = await runner.run(http(`http://${server.address}/`), AbortSignal.timeout(30));
    expect(result).toEqual({
      status: 'critical',
      output: `Get "http://${server.address}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  it('tell a connection that ends without an answer', async () => {
    await using server = await listenOnLoopback(createTcpServer((socket) => socket.destroy()));
    const { output } = await runner.run(http(`http://${server.address}/`), signal);
    expect(output).toMatch(/: (EOF|read: connection reset by peer)$/);
  });

  it.each([
    ['a switch of protocols', 'GET', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
    ['a tunnel', 'CONNECT', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['nonsense', 'GET', '\0\0\0\0\r\n\r\n'],
    ['headers without end', 'GET', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
  ])('tell %s', async (_, Method, answer) => {
    await using server = await listenOnLoopback(createTcpServer((socket) => socket.end(answer)));
    const { status, output } = await runner.run(http(`http://${server.address}/`, { Method }), signal);
    expect(status).toBe('critical');
    expect(output).not.toBe('');
  });

  it('do not show a password', async () => {
    const address = await refusedAddress(createTcpServer());
    const { output } = await runner.run(http(`http://user:secret@${address}/`), signal);
    expect(output).not.toContain('secret');
  });
});

function tlsServer() {
  return createTlsServer(testCertificate(), (_, response) => response.end('safe'));
}

describe('http checks over TLS', () => {
  it('refuse a certificate nobody vouches for, unless told not to verify', async () => {
    await using server = await listenOnLoopback(tlsServer());
    const url = `https://${server.address}/`;
    const refused = await runner.run(http(url), signal);
    expect(refused.status).toBe('critical');
    expect(refused.output).toMatch(/self.signed certificate/);
    expect(await runner.run(http(url, { TLSSkipVerify: true }), signal)).toMatchObject({ status: 'passing' });
  });

  it('ask for the server name given', async () => {
    const names: (string | false | null)[] = [];
    const server = tlsServer();
    server.on('secureConnection', (socket) => names.push(socket.servername));
    await using listening = await listenOnLoopback(server);
    const check = http(`https://${listening.address}/`, { TLSSkipVerify: true, TLSServerName: 'api.example' });
    expect(await runner.run(check, signal)).toMatchObject({ status: 'passing' });
    expect(names).toEqual(['api.example']);
  });
});

describe('http checks over IPv6 and by name', () => {
  it('reach [::1]', async () => {
    await using server = await listenOnLoopback(
      createServer((_, response) => response.end()),
      '::1',
    );
    const url = `http://[::1]:${server.port}/`;
    expect(await runner.run(http(url), signal)).toMatchObject({
      status: 'passing',
      output: `HTTP GET ${url}: 200 OK Output: `,
    });
  });

  it('reach localhost whichever of its addresses serves', async () => {
    for (const { address: host } of await lookup('localhost', { all: true })) {
      await using server = await listenOnLoopback(
        createServer((_, response) => response.end()),
        host,
      );
      expect(await runner.run(http(`http://localhost:${server.port}/`), signal)).toMatchObject({ status: 'passing' });
    }
  });
});

describe('http checks with allowed networks', () => {
  const guarded = httpRunner(new Dialer(allowedNetworks(['127.0.0.1/32'])));

  it('reach what is inside, as address and by name', async () => {
    await using server = await listenOnLoopback(createServer((_, response) => response.end()));
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await guarded.run(http(`http://${host}:${server.port}/`), signal)).toMatchObject({ status: 'passing' });
    }
  });

  it('do not connect outside, by address or redirect', async () => {
    await using outside = await listenOnLoopback(
      createServer((_, response) => response.end()),
      '127.0.0.2',
    );
    const redirecting = createServer((_, response) =>
      response.writeHead(302, { Location: `http://${outside.address}/` }).end(),
    );
    await using server = await listenOnLoopback(redirecting);
    for (const address of [outside.address, server.address]) {
      const { status, output } = await guarded.run(http(`http://${address}/`), signal);
      expect(status).toBe('critical');
      expect(output).toContain('127.0.0.2 is outside the networks that checks may connect to');
    }
  });
});
