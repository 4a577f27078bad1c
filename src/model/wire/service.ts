import { z } from 'zod';

/**
 * Request shapes as Consul's clients send them. Field names are matched without regard to case and unknown names are
 * refused by `decode` (a Go decoder's rules, docs/contract.md section 1.1); these schemas only say names and types. No
 * coercion. Durations are Go strings or a number of nanoseconds.
 */
export const wireDuration = z.union([z.string(), z.number()]);
const stringMap = z.record(z.string(), z.string());
const json = z.json();

export const checkRegistration = z.object({
  ID: z.string().optional(),
  CheckID: z.string().optional(),
  Name: z.string().optional(),
  Notes: z.string().optional(),
  Status: z.string().optional(),
  ServiceID: z.string().optional(),
  Args: z.array(z.string()).nullish(),
  ScriptArgs: z.array(z.string()).nullish(),
  HTTP: z.string().optional(),
  H2PING: z.string().optional(),
  H2PingUseTLS: z.boolean().optional(),
  Header: z.record(z.string(), z.array(z.string())).nullish(),
  Method: z.string().optional(),
  Body: z.string().optional(),
  DisableRedirects: z.boolean().optional(),
  TCP: z.string().optional(),
  TCPUseTLS: z.boolean().optional(),
  UDP: z.string().optional(),
  GRPC: z.string().optional(),
  GRPCUseTLS: z.boolean().optional(),
  TLSServerName: z.string().optional(),
  TLSSkipVerify: z.boolean().optional(),
  AliasNode: z.string().optional(),
  AliasService: z.string().optional(),
  DockerContainerID: z.string().optional(),
  Shell: z.string().optional(),
  OSService: z.string().optional(),
  TTL: wireDuration.optional(),
  Interval: wireDuration.optional(),
  Timeout: wireDuration.optional(),
  DeregisterCriticalServiceAfter: wireDuration.optional(),
  SuccessBeforePassing: z.number().int().optional(),
  FailuresBeforeWarning: z.number().int().optional(),
  FailuresBeforeCritical: z.number().int().optional(),
  OutputMaxSize: z.number().int().optional(),
  ProxyHTTP: z.string().optional(),
  ProxyGRPC: z.string().optional(),
  Token: z.string().optional(),
  /** Ours: the name of a check runner supplied by the embedding program. Its target goes in HTTP, TCP… or Args. */
  Runner: z.string().optional(),
});

const weights = z.object({ Passing: z.number().int().optional(), Warning: z.number().int().optional() });

const serviceFields = z.object({
  ID: z.string().optional(),
  Name: z.string().optional(),
  Kind: z.string().optional(),
  Tags: z.array(z.string()).nullish(),
  Address: z.string().optional(),
  TaggedAddresses: z
    .record(z.string(), z.object({ Address: z.string().optional(), Port: z.number().int().optional() }))
    .nullish(),
  Port: z.number().int().optional(),
  SocketPath: z.string().optional(),
  Meta: stringMap.nullish(),
  Weights: weights.nullish(),
  EnableTagOverride: z.boolean().optional(),
  Proxy: json.nullish(),
  Connect: json.nullish(),
  Locality: z.object({ Region: z.string().optional(), Zone: z.string().optional() }).nullish(),
  Token: z.string().optional(),
  Check: checkRegistration.nullish(),
  Checks: z.array(checkRegistration).nullish(),
});

/** PUT agent/service/register, and `service` in a config file. */
export const serviceRegistration = serviceFields;

/** PUT agent/check/register, where the id is called `ID` alone. */
export const agentCheckRegistration = checkRegistration.omit({ CheckID: true });

export const checkUpdate = z.object({ Status: z.string().optional(), Output: z.string().optional() });

/** Service inside catalog/register: the name is called Service. */
export const catalogService = serviceFields.omit({ Name: true, Check: true, Checks: true, Token: true }).extend({
  Service: z.string().optional(),
  CreateIndex: z.number().int().optional(),
  ModifyIndex: z.number().int().optional(),
});

export const catalogCheck = z.object({
  Node: z.string().optional(),
  CheckID: z.string().optional(),
  Name: z.string().optional(),
  Status: z.string().optional(),
  Notes: z.string().optional(),
  Output: z.string().optional(),
  ServiceID: z.string().optional(),
  ServiceName: z.string().optional(),
  ServiceTags: z.array(z.string()).nullish(),
  Type: z.string().optional(),
  Interval: z.string().optional(),
  Timeout: z.string().optional(),
  ExposedPort: z.number().int().optional(),
  Definition: json.nullish(),
  CreateIndex: z.number().int().optional(),
  ModifyIndex: z.number().int().optional(),
});

export const catalogRegistration = z.object({
  Datacenter: z.string().optional(),
  ID: z.string().optional(),
  Node: z.string().optional(),
  Address: z.string().optional(),
  TaggedAddresses: stringMap.nullish(),
  NodeMeta: stringMap.nullish(),
  Service: catalogService.nullish(),
  Check: catalogCheck.nullish(),
  Checks: z.array(catalogCheck).nullish(),
  SkipNodeUpdate: z.boolean().optional(),
});

export const catalogDeregistration = z.object({
  Datacenter: z.string().optional(),
  Node: z.string().optional(),
  Address: z.string().optional(),
  ServiceID: z.string().optional(),
  CheckID: z.string().optional(),
});

export type CheckRegistration = z.infer<typeof checkRegistration>;
export type ServiceRegistration = z.infer<typeof serviceRegistration>;
export type CatalogService = z.infer<typeof catalogService>;
export type CatalogCheck = z.infer<typeof catalogCheck>;
export type CatalogRegistration = z.infer<typeof catalogRegistration>;
export type CatalogDeregistration = z.infer<typeof catalogDeregistration>;
