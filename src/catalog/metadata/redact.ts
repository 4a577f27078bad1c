import type { StringMap } from '../../model/index.js';

/** Whether a metadata key is private: kept out of DNS, events, logs and searches, shown only by direct reads. */
export type IsPrivate = (key: string) => boolean;

/** The metadata without its private keys; the same object when there are none, null staying null. */
export function redactMeta(meta: StringMap | null, isPrivate: IsPrivate): StringMap | null {
  if (meta === null || !Object.keys(meta).some(isPrivate)) return meta;
  return Object.fromEntries(Object.entries(meta).filter(([key]) => !isPrivate(key)));
}
