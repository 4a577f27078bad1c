import { z } from 'zod';
import { isKey, parseSeed } from '../../../sync/index.js';
import { count, positiveDuration, waitDuration } from './values.js';

const seed = z
  .string()
  .refine(
    (text) => parseSeed(text) !== undefined,
    'must be HOST, HOST:PORT or [IPV6]:PORT; HOST an IP address or a name',
  );

const keys = z
  .union([z.string(), z.array(z.string())])
  .refine(
    (given) => [given].flat().every((text) => text === '' || isKey(text)),
    'must be 32 bytes in base64, such as `openssl rand -base64 32` prints',
  );

/** Which agents this one meets, and how they know each other. */
export const peerKeys = {
  retry_join: z
    .array(seed)
    .describe(
      'agents to meet, tried until they answer: `HOST`, `HOST:PORT`, `[IPV6]:PORT`; a name means all its addresses, no port 8301; this agent may be among them',
    )
    .optional(),
  start_join: z.array(seed).describe('the same').optional(),
  retry_join_wan: z.array(seed).describe('the same, of other datacenters; their peer port too').optional(),
  start_join_wan: z.array(seed).describe('the same').optional(),
  primary_node: z
    .string()
    .describe(
      'ours: node name of the agent that decides keys, sessions, events and prepared queries for the datacenter; the same on all of them',
    )
    .optional(),
  encrypt: keys
    .describe('secret of all agents, 32 bytes in base64; ours: a list, of which the first encrypts and all decrypt')
    .optional(),
  reconnect_timeout: positiveDuration
    .describe('how long a dead agent is waited for before what it registered is dropped')
    .optional(),
  rejoin_after_leave: z
    .boolean()
    .describe('after having left, look for the agents known then, not for those of `retry_join` alone')
    .optional(),
  leave_on_terminate: z.boolean().describe('SIGTERM leaves for good rather than stops for a while').optional(),
  skip_leave_on_interrupt: z.boolean().describe('`false`: SIGINT leaves for good too').optional(),
} as const;

export const syncKeys = {
  sync: z
    .object({
      flush: waitDuration
        .describe('ours: changes wait so long for others to travel with, after the first of a series went at once')
        .optional(),
      flush_bytes: count.min(1).describe('ours: or until so much waits').optional(),
      digest_interval: positiveDuration
        .describe('ours: between two comparisons with a random agent of the datacenter')
        .optional(),
      remote_flush: waitDuration.describe('ours: as `flush`, to other datacenters').optional(),
      remote_digest_interval: positiveDuration.describe('ours: as `digest_interval`, to other datacenters').optional(),
      heartbeat_interval: positiveDuration.describe('ours: between two signs of life').optional(),
      suspect_after: positiveDuration
        .describe('ours: silence after which an agent is suspect, a hint that removes nothing')
        .optional(),
      dead_after: positiveDuration
        .describe('ours: silence after which those who watch an agent hold it dead')
        .optional(),
      hard_dead_after: positiveDuration
        .describe('ours: the same once nobody listens at its address any more')
        .optional(),
      monitors: count.min(1).describe('ours: how many watch each agent').optional(),
      min_nodes: count.min(2).describe('ours: known agents without which nothing is ever expired').optional(),
      loss_share: z
        .number()
        .gt(0)
        .max(1)
        .describe('ours: when so large a share of the agents, and at least two, are lost at once, nothing is expired')
        .optional(),
      loss_window: positiveDuration.describe('ours: how long a loss counts as one at once with the next').optional(),
      tombstone_min: positiveDuration
        .describe('ours: how long a deletion is spoken of at least, also when everybody knows')
        .optional(),
      tombstone_max: positiveDuration.describe('ours: and at most, also when somebody does not').optional(),
      compression: z.enum(['auto', 'on', 'off']).describe('ours: `auto` by what it saves with each agent').optional(),
      queue_bytes: count
        .min(64 * 1024)
        .describe('ours: what may wait for one slow agent; beyond it is left out and caught up later')
        .optional(),
      bulk_bytes_per_second: count.min(1024).describe('ours: of catching up, for each agent').optional(),
      exports: z
        .record(z.string(), z.array(z.string()))
        .describe(
          'ours: services that a datacenter is shown, by its name; a name may end in `*`; a datacenter not listed is shown all',
        )
        .optional(),
    })
    .optional(),
} as const;
