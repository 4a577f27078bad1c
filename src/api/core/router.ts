import { locationOf } from './url.js';
import type { Route } from './route.js';

export type Match =
  | { readonly type: 'route'; readonly route: Route; readonly param: string }
  | { readonly type: 'moved'; readonly location: string }
  | { readonly type: 'none' };

interface Prefix {
  readonly prefix: string;
  readonly suffix: string;
  readonly route: Route;
}

const NONE: Match = { type: 'none' };

/**
 * Routing by the rules of Go's ServeMux, which clients see (docs/contract.md section 1.1): an exact path, else the
 * longest prefix that ends in a slash, and the rest, slashes included, is the parameter; a prefix without its slash is
 * redirected. Patterns with something after the parameter (`/v1/query/{query}/execute`) go before the plain prefix, as
 * Consul's handlers do.
 */
export class Router {
  private readonly exact = new Map<string, Route>();
  private readonly prefixes: Prefix[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.add(route);
    this.prefixes.sort((a, b) => b.prefix.length - a.prefix.length || b.suffix.length - a.suffix.length);
  }

  find(path: string, search: string): Match {
    const exact = this.exact.get(path);
    if (exact) return { type: 'route', route: exact, param: '' };
    for (const { prefix, suffix, route } of this.prefixes) {
      if (!path.startsWith(prefix) || !path.endsWith(suffix)) continue;
      if (path.length <= prefix.length + suffix.length && suffix !== '') continue;
      return { type: 'route', route, param: path.slice(prefix.length, path.length - suffix.length) };
    }
    const slashed = `${path}/`;
    if (!this.prefixes.some(({ prefix, suffix }) => prefix === slashed && suffix === '')) return NONE;
    return { type: 'moved', location: locationOf(slashed, search) };
  }

  private add(route: Route): void {
    const open = route.path.indexOf('{');
    if (open < 0) {
      this.exact.set(route.path, route);
      return;
    }
    const close = route.path.indexOf('}');
    this.prefixes.push({ prefix: route.path.slice(0, open), suffix: route.path.slice(close + 1), route });
  }
}
