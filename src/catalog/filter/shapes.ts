import { boolean, list, map, number, string, struct } from './shape.js';

/**
 * The selectable fields of every filtered answer, by their JSON names (docs/contract.md sections 1.7 and 2). Left out on
 * purpose, as in Consul: CreateIndex and ModifyIndex, Definition of checks, Config of proxies, ContentHash, and the
 * Datacenter of an agent's services. Fields that we never send (Proxy.Upstreams of a mesh) are here all the same: a
 * filter that names them is valid there, and so must be here.
 */

const strings = map(string);
const tags = list(string);
const weights = struct({ Passing: number, Warning: number });
const serviceAddresses = map(struct({ Address: string, Port: number }));
const meshGateway = struct({ Mode: string });
const connect = struct({ Native: boolean });

const proxy = struct({
  DestinationServiceName: string,
  DestinationServiceID: string,
  LocalServiceAddress: string,
  LocalServicePort: number,
  LocalServiceSocketPath: string,
  Mode: string,
  TransparentProxy: struct({ OutboundListenerPort: number, DialedDirectly: boolean }),
  MeshGateway: meshGateway,
  Expose: struct({
    Checks: boolean,
    Paths: list(
      struct({ ListenerPort: number, Path: string, LocalPathPort: number, Protocol: string, ParsedFromCheck: boolean }),
    ),
  }),
  Upstreams: list(
    struct({
      DestinationType: string,
      DestinationNamespace: string,
      DestinationPartition: string,
      DestinationPeer: string,
      DestinationName: string,
      Datacenter: string,
      LocalBindAddress: string,
      LocalBindPort: number,
      LocalBindSocketPath: string,
      LocalBindSocketMode: string,
      MeshGateway: meshGateway,
    }),
  ),
});

/** catalog/nodes. */
export const nodeShape = struct({
  ID: string,
  Node: string,
  Address: string,
  Datacenter: string,
  Partition: string,
  PeerName: string,
  TaggedAddresses: strings,
  Meta: strings,
});

const serviceFields = {
  Kind: string,
  ID: string,
  Service: string,
  Tags: tags,
  Address: string,
  TaggedAddresses: serviceAddresses,
  Meta: strings,
  Port: number,
  SocketPath: string,
  Weights: weights,
  EnableTagOverride: boolean,
  Proxy: proxy,
  Connect: connect,
  PeerName: string,
};

/** Services of catalog/node and catalog/node-services. */
export const nodeServiceShape = struct(serviceFields);

/** agent/services: the same fields, whatever else the answer shows. */
export const agentServiceShape = struct(serviceFields);

/** catalog/service, catalog/connect, catalog/services. */
export const serviceNodeShape = struct({
  ID: string,
  Node: string,
  Address: string,
  Datacenter: string,
  TaggedAddresses: strings,
  NodeMeta: strings,
  ServiceKind: string,
  ServiceID: string,
  ServiceName: string,
  ServiceTags: tags,
  ServiceAddress: string,
  ServiceTaggedAddresses: serviceAddresses,
  ServiceWeights: weights,
  ServiceMeta: strings,
  ServicePort: number,
  ServiceSocketPath: string,
  ServiceEnableTagOverride: boolean,
  ServiceProxy: proxy,
  ServiceConnect: connect,
  PeerName: string,
});

/** agent/checks, health/node, health/checks, health/state. */
export const healthCheckShape = struct({
  Node: string,
  CheckID: string,
  Name: string,
  Status: string,
  Notes: string,
  Output: string,
  ServiceID: string,
  ServiceName: string,
  ServiceTags: tags,
  Type: string,
  Interval: string,
  Timeout: string,
  ExposedPort: number,
  PeerName: string,
});

/** health/service, health/connect, health/ingress. */
export const checkServiceNodeShape = struct({
  Node: nodeShape,
  Service: nodeServiceShape,
  Checks: list(healthCheckShape),
});

/** agent/members. */
export const memberShape = struct({
  Name: string,
  Addr: string,
  Port: number,
  Tags: strings,
  Status: number,
  ProtocolMin: number,
  ProtocolMax: number,
  ProtocolCur: number,
  DelegateMin: number,
  DelegateMax: number,
  DelegateCur: number,
});
