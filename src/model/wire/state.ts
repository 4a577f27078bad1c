import { z } from 'zod';
import { catalogCheck, catalogService, wireDuration } from './service.js';

export const sessionRequest = z.object({
  Node: z.string().optional(),
  Name: z.string().optional(),
  TTL: z.string().optional(),
  LockDelay: wireDuration.optional(),
  Behavior: z.string().optional(),
  NodeChecks: z.array(z.string()).nullish(),
  ServiceChecks: z.array(z.object({ ID: z.string().optional(), Namespace: z.string().optional() })).nullish(),
  Checks: z.array(z.string()).nullish(),
  Datacenter: z.string().optional(),
});

export const queryRequest = z.object({
  ID: z.string().optional(),
  Name: z.string().optional(),
  Session: z.string().optional(),
  Token: z.string().optional(),
  Service: z
    .object({
      Service: z.string().optional(),
      Failover: z
        .object({
          NearestN: z.number().int().optional(),
          Datacenters: z.array(z.string()).nullish(),
          Targets: z.array(z.object({ Datacenter: z.string().optional(), Peer: z.string().optional() })).nullish(),
        })
        .nullish(),
      OnlyPassing: z.boolean().optional(),
      IgnoreCheckIDs: z.array(z.string()).nullish(),
      Near: z.string().optional(),
      Tags: z.array(z.string()).nullish(),
      NodeMeta: z.record(z.string(), z.string()).nullish(),
      ServiceMeta: z.record(z.string(), z.string()).nullish(),
      Connect: z.boolean().optional(),
    })
    .nullish(),
  DNS: z.object({ TTL: z.string().optional() }).nullish(),
  Template: z
    .object({ Type: z.string().optional(), Regexp: z.string().optional(), RemoveEmptyTags: z.boolean().optional() })
    .nullish(),
  CreateIndex: z.number().int().optional(),
  ModifyIndex: z.number().int().optional(),
});

const txnNode = z.object({
  ID: z.string().optional(),
  Node: z.string().optional(),
  Address: z.string().optional(),
  Datacenter: z.string().optional(),
  TaggedAddresses: z.record(z.string(), z.string()).nullish(),
  Meta: z.record(z.string(), z.string()).nullish(),
  CreateIndex: z.number().int().optional(),
  ModifyIndex: z.number().int().optional(),
});

const txnOperation = z.object({
  KV: z
    .object({
      Verb: z.string().optional(),
      Key: z.string().optional(),
      /** Base64. */
      Value: z.string().nullish(),
      /** uint64: numbers beyond 2^53 arrive as bigint from the body parser. */
      Flags: z.union([z.number().int(), z.bigint()]).optional(),
      Index: z.number().int().optional(),
      Session: z.string().optional(),
    })
    .nullish(),
  Node: z.object({ Verb: z.string().optional(), Node: txnNode.nullish() }).nullish(),
  Service: z
    .object({ Verb: z.string().optional(), Node: z.string().optional(), Service: catalogService.nullish() })
    .nullish(),
  Check: z.object({ Verb: z.string().optional(), Check: catalogCheck.nullish() }).nullish(),
});

export const txnRequest = z.array(txnOperation);

export type SessionRequest = z.infer<typeof sessionRequest>;
export type QueryRequest = z.infer<typeof queryRequest>;
export type TxnOperation = z.infer<typeof txnOperation>;
