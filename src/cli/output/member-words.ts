import type { ConsulMember } from '../../consul/index.js';
import type { Paint, Style } from '../io.js';

/** docs/contract.md section 3.1. */
const STATUS: ReadonlyMap<number, string> = new Map([
  [1, 'alive'],
  [2, 'leaving'],
  [3, 'left'],
  [4, 'failed'],
]);
const STYLE: Readonly<Record<string, Style>> = {
  alive: 'green',
  suspect: 'yellow',
  leaving: 'dim',
  left: 'dim',
  failed: 'red',
  dead: 'red',
  unknown: 'red',
};

/** Consul's word for it, or `suspect`, which to others is alive. */
export function stateOf({ Status, Tags }: ConsulMember): string {
  if (Status === 1 && Tags?.['suspect'] !== undefined) return 'suspect';
  return STATUS.get(Status) ?? String(Status);
}

export function stateText(paint: Paint, state: string): string {
  const style = Object.hasOwn(STYLE, state) ? STYLE[state] : undefined;
  return style === undefined ? state : paint(style, state);
}
