import type { ServiceEndpoint } from '../model/index.js';

/** An endpoint of service `api` with sensible fields, passing unless `status` says otherwise. */
export function sampleEndpoint(fields: Partial<ServiceEndpoint> = {}): ServiceEndpoint {
  const { status = 'passing' } = fields;
  return {
    id: 'api-1',
    service: 'api',
    address: '127.0.0.1',
    port: 8080,
    tags: [],
    metadata: {},
    node: 'node-1',
    datacenter: 'dc1',
    locality: { region: '', zone: '' },
    weight: 1,
    ...fields,
    status,
    healthy: status === 'passing',
  };
}

/** That many, `api-0` on port 10,000 and so on. */
export function sampleEndpoints(
  count: number,
  fields: (at: number) => Partial<ServiceEndpoint> = () => ({}),
): readonly ServiceEndpoint[] {
  return Array.from({ length: count }, (_, at) =>
    sampleEndpoint({ id: `api-${at}`, port: 10_000 + at, ...fields(at) }),
  );
}
