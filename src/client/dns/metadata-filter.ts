import { z } from 'zod';
import type { StringMap } from '../../model/index.js';

/** Value that a key must have, or a judgement of it; the judge is given undefined where the key is missing. */
export type MetadataFilter = Readonly<Record<string, string | ((value: string | undefined) => boolean)>>;

const rule = 'must be a text, or a function that judges one';

export const metadataFilter = z.record(
  z.string(),
  z.custom<MetadataFilter[string]>((value) => typeof value === 'string' || typeof value === 'function', rule),
  'must be an object of texts and functions',
);

export function fulfils(metadata: StringMap, filter: MetadataFilter): boolean {
  return Object.entries(filter).every(([key, wanted]) => {
    const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    return typeof wanted === 'string' ? value === wanted : wanted(value);
  });
}
