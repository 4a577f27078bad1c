import { z } from 'zod';
import { parseDuration } from '../../../model/index.js';

/** A Go duration in text: "10s", "1m30s", "500ms". Kept as written, so that a printed configuration shows what was asked. */
export const duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'must be a duration such as "10s", "1m30s" or "500ms"');

/** As `duration`, and not below zero. */
export const waitDuration = duration.refine((text) => (parseDuration(text) ?? 0) >= 0, 'must not be negative');

/** As `duration`, and above zero. */
export const positiveDuration = duration.refine((text) => (parseDuration(text) ?? 1) > 0, 'must be above 0');

/** -1 = off, 0 = any free port. */
export const port = z.int().min(-1).max(65_535);

/** A whole number that counts something. */
export const count = z.int().min(0);

/** An address or several separated by spaces, as Consul takes them. Its address templates ("{{ … }}") are not evaluated. */
export const addressList = z
  .string()
  .refine(
    (text) => !text.includes('{{'),
    'address templates ("{{ … }}") are not supported: give the IP address itself',
  );

export const stringMap = z.record(z.string(), z.string());
