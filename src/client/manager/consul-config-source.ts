import { blockingLoop, type BlockingRead, type ConsulClient } from '../../consul/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import type { ConfigSource, ConfigState } from './config-watches.js';
import type { ConfigValue } from './events.js';

/** Configuration out of Consul, or one of our agents, over HTTP: standing reads of the prefix or the kind. */
export function consulConfigSource(
  client: ConsulClient,
  options: { readonly clock: Clock; readonly random: Random; readonly waitMs: number },
  onError: (error: unknown) => void,
): ConfigSource {
  return async function* (source, scope, signal) {
    const read = source === 'kv' ? keyValues(client, scope) : configEntries(client, scope);
    for await (const update of blockingLoop(read, { ...options, signal, background: true })) {
      if (update.type === 'failed') onError(update.error);
      if (update.type === 'answer') yield update.answer.value;
    }
  };
}

function keyValues(client: ConsulClient, prefix: string): BlockingRead<ConfigState> {
  return async (turn) => {
    const answer = await client.kv.list(prefix, turn);
    const entries = answer.value.map(({ Key, Value, ModifyIndex }): [string, ConfigValue] => [
      Key,
      { bytes: Value, text: Value.toString('utf8'), modifyIndex: ModifyIndex },
    ]);
    return { ...answer, value: { index: answer.index, entries: new Map(entries) } };
  };
}

function configEntries(client: ConsulClient, kind: string): BlockingRead<ConfigState> {
  return async (turn) => {
    const answer = await client.config.list(kind, turn);
    const entries = answer.value.map((entry): [string, ConfigValue] => {
      const { CreateIndex: _created, ModifyIndex: modified, ...body } = entry;
      const text = JSON.stringify(body);
      return [entry.Name, { text, bytes: Buffer.from(text), modifyIndex: Number(modified ?? 0) }];
    });
    return { ...answer, value: { index: answer.index, entries: new Map(entries) } };
  };
}
