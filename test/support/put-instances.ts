import type { Registry } from '../../src/registry/index.js';
import type { SuiteInstance } from '../../src/testing/resolver-suite.js';

/** Makes these, and no others, the instances of the registry's own node. */
export async function putInstances(
  registry: Registry,
  service: string,
  instances: readonly SuiteInstance[],
): Promise<void> {
  const wanted = new Set(instances.map(({ id }) => id));
  for (const { id } of registry.localServices().values()) if (!wanted.has(id)) await registry.deregisterService(id);
  for (const { id, address, port, tags, metadata, weight = 1, status = 'passing' } of instances) {
    await registry.registerService({
      ID: id,
      Name: service,
      Address: address,
      Port: port,
      Tags: tags && [...tags],
      Meta: metadata && { ...metadata },
      Weights: { Passing: weight, Warning: 1 },
      Check: { TTL: '1h', Status: status },
    });
    await registry.updateTtl(`service:${id}`, status, '');
  }
}
