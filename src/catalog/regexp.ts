import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import { invalid, limits } from '../model/index.js';

/**
 * Regular expressions given by users: filters, event filters, query templates. The syntax is RE2's, which is Consul's,
 * and matching takes time linear in the text whatever the expression (Cox, "Regular Expression Matching Can Be Simple
 * And Fast"), so no expression can hang the process. Length and compiled size are bounded, because the factor of that
 * linear time is the size.
 *
 * A compiled expression grows states as it matches. Keep the text and compile it again for each use: what was compiled
 * lately is cached, and the cache is what bounds that memory.
 */
export interface Regexp {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
  /** The leftmost match and its groups, '' for a group that took no part; undefined when there is no match. */
  find(text: string): readonly string[] | undefined;
}

const compiled = new LRUCache<string, Regexp>({ max: limits.regexpCacheEntries });

/** Throws INVALID_ARGUMENT with RE2's complaint, `error parsing regexp: …`. */
export function compileRegexp(expression: string): Regexp {
  const known = compiled.get(expression);
  if (known) return known;
  const regexp = wrap(parse(expression));
  compiled.set(expression, regexp);
  return regexp;
}

function parse(expression: string): RE2JS {
  if (expression.length > limits.regexpChars) {
    throw invalid(`error parsing regexp: longer than ${limits.regexpChars} characters`);
  }
  let program: RE2JS;
  try {
    program = RE2JS.compile(expression);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'error parsing regexp');
  }
  if (program.programSize() > limits.regexpProgram) throw invalid('error parsing regexp: expression too large');
  return program;
}

function wrap(program: RE2JS): Regexp {
  return {
    test: (text) => program.test(text),
    find: (text) => {
      const match = program.exec(text);
      return match === null ? undefined : Array.from(match, (group) => (typeof group === 'string' ? group : ''));
    },
  };
}
