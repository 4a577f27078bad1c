import { z } from 'zod';
import type { Operation, Route } from './core/route.js';

/**
 * The API document (OpenAPI 3.1), made from the routes that are served and the schemas that bodies are decoded with,
 * so that it cannot say something else than the server does.
 */
export function openApiDocument(routes: readonly Route[], version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Datapunk Discovery agent',
      version,
      description: "Consul's HTTP API and what this agent adds. Keys of JSON bodies match without regard to case.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: Object.fromEntries(routes.map((route) => [route.path, pathItem(route)])),
    components: {
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Consul-Token' } },
    },
  };
}

const EVERYWHERE = ['token', 'pretty'];
const BLOCKING = ['index', 'wait', 'stale', 'consistent', 'max_stale', 'cached', 'filter', 'dc'];

function pathItem(route: Route): object {
  const parameter = /\{(.*)\}/.exec(route.path)?.[1];
  const inPath = parameter ? [{ name: parameter, in: 'path', required: true, schema: { type: 'string' } }] : [];
  const operations = Object.entries(route.methods).map(([method, operation]) => [
    method.toLowerCase(),
    operationObject(route.path, method, operation),
  ]);
  return { ...(inPath.length > 0 && { parameters: inPath }), ...Object.fromEntries(operations) };
}

function operationObject(path: string, method: string, operation: Operation): object {
  const names = new Set([...(operation.query ?? []), ...(operation.blocking ? BLOCKING : []), ...EVERYWHERE]);
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    summary: operation.summary,
    parameters: [...names].map((name) => ({ name, in: 'query', required: false, schema: { type: 'string' } })),
    ...(operation.body && { requestBody: { content: { 'application/json': { schema: jsonSchema(operation.body) } } } }),
    responses: { 200: { description: 'OK' }, default: { description: 'A plain-text error message' } },
  };
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _dialect, $defs: _defs, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return anythingForRefs(rest) as object;
}

/** The only schema that refers to itself is free JSON, and a reference would point into the wrong document here. */
function anythingForRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anythingForRefs);
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value) return {};
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, anythingForRefs(item)]));
}
