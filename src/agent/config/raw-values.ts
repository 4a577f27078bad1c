import { parseDuration } from '../../model/index.js';

/** Values of a merged configuration: the schema checked them, and the defaults gave what was not given. */

export function ms(duration: string | undefined): number {
  return parseDuration(duration ?? '0') ?? 0;
}

export function text(value: string | undefined): string {
  return value ?? '';
}

export function number(value: number | undefined): number {
  return value ?? 0;
}
