import type { ServiceEndpoint } from '../../model/index.js';
import type { Io } from '../io.js';
import { table } from './table.js';
import { hostPort, list, pairs, statusText } from './words.js';

export function endpointTable(io: Io, endpoints: readonly ServiceEndpoint[]): string {
  return table(
    io,
    [
      { title: 'ADDRESS', value: (at) => hostPort(at.address, at.port) },
      { title: 'STATUS', value: (at) => statusText(io.paint, at.status) },
      { title: 'ID', value: (at) => at.id },
      { title: 'NODE', value: (at) => at.node },
      { title: 'TAGS', value: (at) => list(at.tags) },
      { title: 'META', value: (at) => pairs(at.metadata) },
    ],
    endpoints,
  );
}
