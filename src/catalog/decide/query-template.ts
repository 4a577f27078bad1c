import { goQuote, invalid, isDiscoveryError, limits } from '../../model/index.js';
import type { PreparedService, QueryRow, StringMap } from '../../model/index.js';
import { compileRegexp } from '../regexp.js';

/**
 * Templates of prepared queries (docs/contract.md section 3.10): every text of the service part may hold
 * `${name.full}`, `${name.prefix}`, `${name.suffix}`, `${match(N)}` and `${agent.segment}`; `$${` stands for `${`
 * itself. The regular expression is matched against the asked name, and a group that is not there is empty. What is
 * rendered is bounded, because a small template may repeat a long name many times.
 */
export interface TemplateContext {
  /** The network segment of the asking agent. */
  readonly segment: string;
}

export function isTemplate(query: QueryRow): boolean {
  return query.template !== null && query.template.Type !== '';
}

/**
 * Throws INVALID_ARGUMENT saying what is wrong with the template. Rendered for its own name, the least it will meet.
 */
export function validateTemplate(query: QueryRow): void {
  const type = query.template?.Type ?? '';
  if (type !== 'name_prefix_match') throw invalid(`Bad Template.Type '${type}'`);
  renderTemplate(query, query.name, { segment: '' });
}

export function renderTemplate(query: QueryRow, name: string, context: TemplateContext): PreparedService {
  const scope = scopeOf(query, name, context);
  let produced = 0;
  const text = (source: string, path: string): string => {
    const rendered = source.replace(HOLE, (hole, inner: string | undefined) => {
      const value = inner === undefined ? '${' : evaluate(inner, scope, source, path);
      produced += value.length;
      if (produced > limits.queryRenderedChars) throw invalid(`Bad evaluation for Service${path}: too long`);
      return value;
    });
    return rendered;
  };
  return renderService(query, text);
}

type Render = (source: string, path: string) => string;

function renderService({ service, template }: QueryRow, text: Render): PreparedService {
  const tags = list(service.tags, '.Tags', text);
  return {
    ...service,
    service: text(service.service, '.Service'),
    failover: {
      ...service.failover,
      datacenters: list(service.failover.datacenters, '.Failover.Datacenters', text),
    },
    ignoreCheckIds: list(service.ignoreCheckIds, '.IgnoreCheckIDs', text),
    near: text(service.near, '.Near'),
    tags: template?.RemoveEmptyTags ? (tags?.filter((tag) => tag !== '') ?? null) : tags,
    nodeMeta: map(service.nodeMeta, '.NodeMeta', text),
    serviceMeta: map(service.serviceMeta, '.ServiceMeta', text),
  };
}

function list(sources: readonly string[] | null, path: string, text: Render): readonly string[] | null {
  return sources?.map((source, at) => text(source, `${path}[${at}]`)) ?? null;
}

function map(sources: StringMap | null, path: string, text: Render): StringMap | null {
  if (sources === null) return null;
  return Object.fromEntries(Object.entries(sources).map(([key, source]) => [key, text(source, `${path}[${key}]`)]));
}

interface Scope {
  readonly variables: ReadonlyMap<string, string>;
  readonly groups: readonly string[];
}

/** `$${`, or a hole up to its brace; a brace that never closes is a hole too, and refused. */
const HOLE = /\$\$\{|\$\{([^}]*(?:\}|$))/g;
const MATCH = /^match\(\s*(\d+)\s*\)$/;

function scopeOf(query: QueryRow, name: string, { segment }: TemplateContext): Scope {
  const variables = new Map([
    ['name.full', name],
    ['name.prefix', query.name],
    ['name.suffix', name.startsWith(query.name) ? name.slice(query.name.length) : name],
    ['agent.segment', segment],
  ]);
  return { variables, groups: groupsOf(query.template?.Regexp ?? '', name) };
}

function groupsOf(expression: string, name: string): readonly string[] {
  if (expression === '') return [];
  try {
    return compileRegexp(expression).find(name) ?? [];
  } catch (error) {
    throw isDiscoveryError(error) ? invalid(`Bad Regexp: ${error.message}`) : error;
  }
}

function evaluate(inner: string, { variables, groups }: Scope, source: string, path: string): string {
  if (!inner.endsWith('}')) throw invalid(`Bad format '${source}' in Service${path}: expected "}"`);
  const expression = inner.slice(0, -1).trim();
  const group = MATCH.exec(expression)?.[1];
  const value = group === undefined ? variables.get(expression) : (groups[Number(group)] ?? '');
  if (value !== undefined) return value;
  throw invalid(`Bad evaluation for '${source}' in Service${path}: unknown variable accessed: ${goQuote(expression)}`);
}
