import { topic, type CatalogView } from '../../model/index.js';
import { whenWoken } from '../backends/level-triggered.js';
import type { ConfigSource, ConfigState } from './config-watches.js';
import type { ConfigValue } from './events.js';

/** Configuration out of a registry in this process. */
export function registryConfigSource(catalog: CatalogView): ConfigSource {
  return (source, scope, signal) => {
    const on = source === 'kv' ? topic.keyPrefix(binary(scope)) : topic.configs;
    const look = (): ConfigState => (source === 'kv' ? keyValues(catalog, scope) : configEntries(catalog, scope));
    return whenWoken(() => ({ look, subscribe: (wake) => catalog.subscribe(on, wake) }), signal);
  };
}

function keyValues(catalog: CatalogView, prefix: string): ConfigState {
  const { value: rows, index } = catalog.kvList(binary(prefix));
  const entries = rows.map((row): [string, ConfigValue] => {
    const bytes = Buffer.from(row.value, 'base64');
    return [
      Buffer.from(row.key, 'latin1').toString('utf8'),
      { bytes, text: bytes.toString('utf8'), modifyIndex: row.modifyIndex },
    ];
  });
  return { index, entries: new Map(entries) };
}

function configEntries(catalog: CatalogView, kind: string): ConfigState {
  const { value: rows, index } = catalog.configsAnswer(kind);
  const entries = rows.map((row): [string, ConfigValue] => {
    const text = JSON.stringify(row.body);
    return [row.name, { text, bytes: Buffer.from(text), modifyIndex: row.modifyIndex }];
  });
  return { index, entries: new Map(entries) };
}

/** The catalog holds keys as byte strings. */
function binary(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
