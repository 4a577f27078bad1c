import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulFilterOptions, ConsulReadOptions } from './options.js';

/** Where a node is in the space of round-trip times. Seconds. */
export interface ConsulCoordinate {
  readonly Vec: readonly number[];
  readonly Error: number;
  readonly Adjustment: number;
  readonly Height: number;
}

export interface ConsulNodeCoordinate {
  readonly Node: string;
  readonly Segment: string;
  readonly Coord: ConsulCoordinate;
}

export interface ConsulDatacenterCoordinates {
  readonly Datacenter: string;
  readonly AreaID: string;
  readonly Coordinates: readonly ConsulNodeCoordinate[];
}

/** coordinate/…: distances. */
export class CoordinateCalls {
  constructor(private readonly calls: Calls) {}

  datacenters(options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulDatacenterCoordinates[]>> {
    return this.calls.list('/v1/coordinate/datacenters', options);
  }

  nodes(
    options: ConsulReadOptions & ConsulFilterOptions & { readonly segment?: string } = {},
  ): Promise<ConsulAnswer<ConsulNodeCoordinate[]>> {
    const { segment, filter } = options;
    return this.calls.list('/v1/coordinate/nodes', options, { query: { segment, filter } });
  }

  /** NOT_FOUND when the node has none. */
  node(node: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulNodeCoordinate[]>> {
    return this.calls.list(path`/v1/coordinate/node/${{ node }}`, options);
  }

  update(coordinate: Partial<ConsulNodeCoordinate>, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', '/v1/coordinate/update', options, { body: coordinate });
  }
}
