/** A registry in this process and its DNS server on a free port, which can go away and come back. */
import { createDnsServer } from '../../src/dns/index.js';
import type { DnsServer, DnsServerSetup } from '../../src/dns/index.js';
import { createRegistry } from '../../src/registry/index.js';
import type { Registry } from '../../src/registry/index.js';

export class RegistryDns implements AsyncDisposable {
  private constructor(
    readonly registry: Registry,
    private readonly config: DnsServerSetup['config'],
    private server: DnsServer,
    readonly port: number,
  ) {}

  static async start(config: DnsServerSetup['config'] = {}): Promise<RegistryDns> {
    const registry = await createRegistry({ node: { name: 'n1', meta: { rack: 'r7' } } });
    const server = createDnsServer({ catalog: registry.catalog, queries: registry, config });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    return new RegistryDns(registry, config, server, port);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  stop(): Promise<void> {
    return this.server.close();
  }

  async comeBack(): Promise<void> {
    const { registry, config, port } = this;
    this.server = createDnsServer({ catalog: registry.catalog, queries: registry, config });
    await this.server.listen({ host: '127.0.0.1', port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.registry.close();
  }
}
