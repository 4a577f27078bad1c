import { invalid, isDiscoveryError, type ServiceDiscoveryError } from '../../model/index.js';

/** A path, or why there can be none: what the call made with it rejects with. */
export type Path = string | ServiceDiscoveryError;

export function path(...template: Parameters<typeof consulPath>): Path {
  try {
    return consulPath(...template);
  } catch (error) {
    if (isDiscoveryError(error)) return error;
    throw error;
  }
}

/**
 * A path with its variable parts encoded: consulPath`/v1/catalog/service/${{ service }}`. The part's name is for the
 * refusal of an empty one; a bare string may be empty. Agents answer a path with `//`, `/./` or `/../` in it by a
 * redirect to the cleaned one, which names another thing, so such parts are INVALID_ARGUMENT.
 */
export function consulPath(strings: TemplateStringsArray, ...parts: readonly (string | Named)[]): string {
  let out = strings[0] as string;
  for (const [i, part] of parts.entries()) {
    const [name, text] = typeof part === 'string' ? ['path', part] : (Object.entries(part)[0] as [string, string]);
    if (typeof text !== 'string') throw refused(name, 'must be a string');
    if (text === '' && typeof part !== 'string') throw refused(name, 'must not be empty');
    out += encoded(name, text) + (strings[i + 1] as string);
  }
  return out;
}

/** One entry: the name for people, and the text. */
type Named = Readonly<Record<string, string>>;

const UNCLEAN = /^\/|\/\/|(^|\/)\.\.?(\/|$)/;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function encoded(name: string, text: string): string {
  if (UNCLEAN.test(text)) throw refused(name, 'must not begin with "/" or hold "//", "." or ".." as a part');
  if (CONTROL.test(text)) throw refused(name, 'must not hold control characters');
  if (!text.isWellFormed()) throw refused(name, 'must be well-formed Unicode');
  return encodeURIComponent(text);
}

function refused(field: string, rule: string): ServiceDiscoveryError {
  return invalid(`${field} ${rule}`, [{ field, rule }]);
}
