import { compareJson, type JsonRules } from './compare-json.js';
import type { Json, Recorded, Step, TextRule } from './format.js';
import type { HttpAnswer } from './http-call.js';
import type { Placeholders } from './placeholders.js';
import { at, drop, keepOnly } from './pointers.js';

/** Sent by Consul only, about its own inside. */
const NOT_COMPARED = new Set(['x-consul-query-backend']);

export function compareHttp(recorded: Recorded, answer: HttpAnswer, step: Step, placeholders: Placeholders): string[] {
  return [
    ...(recorded.status === undefined || recorded.status === answer.status
      ? []
      : [`the status is ${answer.status}, wanted ${recorded.status}: ${answer.body.toString().slice(0, 300)}`]),
    ...(step.noHeaders ? [] : compareHeaders(recorded, answer, placeholders)),
    ...(step.noBody ? [] : compareBody(recorded, answer, step, placeholders)),
    ...(recorded.without ?? [])
      .filter((pointer) => at(answer.json, pointer) !== undefined)
      .map((pointer) => `${pointer} is there`),
  ];
}

function compareHeaders(recorded: Recorded, answer: HttpAnswer, placeholders: Placeholders): string[] {
  // Headers about a query mean nothing where the query was refused.
  const refused = answer.status >= 400 && answer.status !== 404;
  const wanted = Object.entries(recorded.headers ?? {}).filter(
    ([name]) => !NOT_COMPARED.has(name) && !(refused && name.startsWith('x-consul-')),
  );
  return [
    ...wanted.flatMap(([name, value]) => {
      const given = answer.headers.get(name);
      if (given !== undefined && sameHeader(name, value, given, placeholders)) return [];
      return [`header ${name} is ${given ?? 'missing'}, wanted ${value}`];
    }),
    ...(recorded.absent ?? []).filter((name) => answer.headers.has(name)).map((name) => `header ${name} is there`),
  ];
}

function sameHeader(name: string, wanted: string, given: string, placeholders: Placeholders): boolean {
  if (name === 'content-type') return wanted === given.split(';', 1)[0]?.trim();
  if (name === 'allow') return methods(wanted) === methods(given);
  return placeholders.matches(wanted, given);
}

function methods(allow: string): string {
  const names = allow.split(',').map((name) => name.trim());
  return names
    .filter((name) => name !== 'OPTIONS')
    .sort()
    .join();
}

function compareBody(recorded: Recorded, answer: HttpAnswer, step: Step, placeholders: Placeholders): string[] {
  if (recorded.json !== undefined) {
    if (answer.json === undefined) return [`the body is no JSON: ${answer.body.toString().slice(0, 300)}`];
    return compareJson(recorded.json, seen(answer.json, step), rulesOf(step, placeholders));
  }
  if (recorded.text === undefined) return [];
  const text = step.bytes ? answer.body.toString('base64') : answer.body.toString().trim();
  if (textMatches(recorded.text, text, step.textRule, placeholders)) return [];
  return [
    `the text is ${JSON.stringify(text.slice(0, 300))}, wanted ${JSON.stringify(step.textRule ?? recorded.text)}`,
  ];
}

function textMatches(recorded: string, text: string, rule: TextRule | undefined, placeholders: Placeholders): boolean {
  if (rule === undefined) return placeholders.matches(recorded, text);
  if (rule === 'any') return true;
  return 'starts' in rule ? text.startsWith(rule.starts) : text.includes(rule.contains);
}

function seen(json: Json, step: Step): Json {
  const kept = step.only ? keepOnly(json, step.only) : json;
  return step.ignore ? drop(kept, step.ignore) : kept;
}

function rulesOf(step: Step, placeholders: Placeholders): JsonRules {
  return {
    placeholders,
    unordered: step.unordered ?? [],
    exact: [...(step.exact ?? []), ...mapsById(step.http ?? '')],
  };
}

function mapsById(http: string): readonly string[] {
  if (/^GET \/v1\/agent\/(services|checks)(\?|$)/.test(http)) return [''];
  if (http.startsWith('GET /v1/catalog/node/')) return ['/Services'];
  return /^GET \/v1\/catalog\/services\?.*node-meta=/.test(http) ? [''] : [];
}
