import { Query } from './query.js';

/**
 * The request line's target as Go's HTTP server reads it (docs/contract.md section 1.1): the path is percent-decoded
 * once, so `%2F` is a slash; a bad escape and control characters are refused; `//`, `.` and `..` are cleaned away by
 * redirect. Paths are byte strings, held as latin1 text, because KV keys are bytes.
 */
export type Target =
  | { readonly type: 'path'; readonly path: string; readonly query: Query; readonly search: string }
  | { readonly type: 'moved'; readonly location: string }
  | { readonly type: 'bad' };

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
const BAD: Target = { type: 'bad' };

export function parseTarget(url: string): Target {
  const mark = url.indexOf('?');
  const rawPath = pathOf(mark < 0 ? url : url.slice(0, mark));
  const search = mark < 0 ? '' : url.slice(mark + 1);
  const path = decodePath(rawPath);
  if (path === undefined || hasControls(path)) return BAD;
  const clean = cleanPath(path);
  if (clean !== path) return { type: 'moved', location: locationOf(clean, search) };
  return { type: 'path', path, query: new Query(search), search };
}

/** Where a redirect points: the path escaped again, the query as it came. */
export function locationOf(path: string, search: string): string {
  return encodePath(path) + (search === '' ? '' : `?${search}`);
}

/** Bytes as text: for everything but KV keys. */
export function utf8(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Text as bytes in latin1 form. */
export function bytesOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Requests to a proxy name the whole URL; only its path matters here. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const absolute = /^[a-z]+:\/\/[^/]*(.*)$/i.exec(target);
  return absolute?.[1] ?? `/${target}`;
}

function hasControls(path: string): boolean {
  return CONTROL.test(path) || (!isAscii(path) && /\p{Cc}/u.test(utf8(path)));
}

/** undefined for an escape that is none. */
function decodePath(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  if (/%(?![0-9a-fA-F]{2})/.test(raw)) return undefined;
  return raw.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Go's path.Clean, keeping a trailing slash. */
function cleanPath(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path === '' ? '/' : path;
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') out.pop();
    else out.push(part);
  }
  const clean = `/${out.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

function encodePath(path: string): string {
  return path.replace(
    /[^A-Za-z0-9\-_.~$&+,/:;=@]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
