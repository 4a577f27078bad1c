import type { Paint, Style } from '../io.js';

const STATUS_STYLE: Readonly<Record<string, Style>> = {
  passing: 'green',
  warning: 'yellow',
  critical: 'red',
  maintenance: 'magenta',
};

/** A health word in its colour. */
export function statusText(paint: Paint, status: string): string {
  const style = Object.hasOwn(STATUS_STYLE, status) ? STATUS_STYLE[status] : undefined;
  return style === undefined ? status : paint(style, status);
}

/** `a, b`, or a dash for none, so that an empty cell does not look like a missing column. */
export function list(items: readonly string[] | null | undefined): string {
  return items && items.length > 0 ? items.join(', ') : '-';
}

/** `key=value` pairs in key order. */
export function pairs(map: Readonly<Record<string, string>> | null | undefined): string {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return list(entries.map(([key, value]) => `${key}=${value}`));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `host:port`, the host in brackets when it is IPv6. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `12s ago`, `3m ago`: the largest unit only. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** `40ms`, `12s`, `3m`, `2h`, `5d`: the largest unit only. */
export function lasted(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  return ago(ms).replace(' ago', '');
}

/** `512 B`, `4.2 kB`, `1.3 MB`. */
export function bytesText(bytes: number): string {
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'];
  let step = 0;
  let value = bytes;
  while (value >= 1000 && step < unit.length - 1) [value, step] = [value / 1000, step + 1];
  return `${step === 0 ? value : value.toFixed(1)} ${unit[step]}`;
}
