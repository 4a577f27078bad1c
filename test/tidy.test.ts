/**
 * The shape of the source tree, kept by a test: import arrows between rooms, what pure rooms may touch, one surface
 * per room, an exports map that matches the build, and no leftovers. The arrows are drawn in docs/architecture.md.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** Rooms from left to right: a room imports rooms of earlier groups, and none of its own group. */
const GROUPS: readonly (readonly string[])[] = [
  ['model'],
  ['runtime'],
  ['catalog', 'store', 'checks', 'sync', 'security', 'mesh', 'cache', 'consul', 'dns', 'balancer'],
  ['registry', 'client', 'telemetry'],
  ['api', 'template', 'adapters'],
  ['agent'],
  ['cli'],
];
/** Parts with a surface of their own, so that who needs one does not load the rest of the room. */
const PARTS = ['dns/client/index.js', 'dns/wire/index.js'];
const PURE_ROOMS = ['model', 'catalog', 'sync', 'balancer'];
/** What a pure room would reach the outside world with. Time and chance come in as arguments or seams. */
const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\)/, 'Date'],
  [/\bperformance\b/, 'performance'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'timers'],
  [/\bMath\.random\b/, 'Math.random'],
  [/from 'node:(net|dgram|fs|http|https|timers|child_process)/, 'a node module that does I/O'],
];

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly string[];
}

function walk(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((name) => {
    if (name === 'node_modules' || name === 'dist' || name === 'data') return [];
    const path = join(dir, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

function load(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const code = withoutComments(text);
  const imports = [...code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1] as string);
  const [first = '', ...rest] = relative(SRC, path).split('/');
  return { path, room: rest.length === 0 ? '' : first, text, code, imports };
}

const sources = walk(SRC)
  .filter((path) => path.endsWith('.ts'))
  .map(load);
const product = sources.filter((file) => !file.path.endsWith('.test.ts') && file.room !== 'testing');
const groupOf = (room: string): number => GROUPS.findIndex((rooms) => rooms.includes(room));
const show = (path: string): string => relative(ROOT, path);

/** Room and path inside the room that a relative import leads to; undefined for packages. */
function target(file: SourceFile, specifier: string): { room: string; inside: string } | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const [room = '', ...inside] = relative(SRC, normalize(join(dirname(file.path), specifier))).split('/');
  return { room, inside: inside.join('/') };
}

describe('the source tree', () => {
  test('every room is one that the architecture knows', () => {
    const rooms = [...new Set(sources.map((file) => file.room))].filter((room) => room !== '' && room !== 'testing');
    expect(rooms.filter((room) => groupOf(room) < 0)).toEqual([]);
  });

  test('imports point leftwards', () => {
    const wrong = product
      .filter((file) => file.room !== '')
      .flatMap((file) =>
        file.imports.flatMap((specifier) => {
          const to = target(file, specifier);
          if (!to || to.room === file.room) return [];
          const legal = to.room !== 'testing' && groupOf(to.room) >= 0 && groupOf(to.room) < groupOf(file.room);
          return legal ? [] : [`${show(file.path)} → ${specifier}`];
        }),
      );
    expect(wrong).toEqual([]);
  });

  test('a room is entered through its index', () => {
    const wrong = product.flatMap((file) =>
      file.imports.flatMap((specifier) => {
        const to = target(file, specifier);
        if (!to || to.room === file.room || to.inside === 'index.js' || !to.inside) return [];
        if (PARTS.includes(`${to.room}/${to.inside}`)) return [];
        return [`${show(file.path)} → ${specifier}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('pure rooms reach for no clock, timer, socket, file or randomness', () => {
    const wrong = product
      .filter((file) => PURE_ROOMS.includes(file.room))
      .flatMap((file) =>
        IMPURE.filter(([use]) => use.test(file.code)).map(([, what]) => `${show(file.path)}: ${what}`),
      );
    expect(wrong).toEqual([]);
  });

  test('the client library does not load the agent', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path) || !existsSync(path)) return;
      seen.add(path);
      // What is imported on first use is not loaded with the entry.
      for (const [, specifier = ''] of load(path).code.matchAll(/(?:from|import)\s*'([^']+)'/g)) {
        if (specifier.startsWith('.')) visit(normalize(join(dirname(path), specifier.replace(/\.js$/, '.ts'))));
        else packages.add(specifier);
      }
    };
    visit(join(SRC, 'index.ts'));
    for (const heavy of ['classic-level', 'pino', 'prom-client', 'commander', 're2js', 'semver']) {
      expect([...packages]).not.toContain(heavy);
    }
  });

  test('nothing is left behind', () => {
    const marker = new RegExp(`\\b(${'TO-DO|FIX-ME|XX-X|HA-CK'.replaceAll('-', '')})\\b`);
    const all = [
      ...sources.map((file) => file.path),
      ...walk(join(ROOT, 'test')),
      ...walk(join(ROOT, 'bench')),
      ...walk(join(ROOT, 'examples')),
    ];
    const wrong = all
      .filter((path) => /\.(ts|mjs|js)$/.test(path))
      .filter((path) => {
        const text = readFileSync(path, 'utf8');
        return marker.test(text) || /\.only\(/.test(text);
      });
    expect(wrong.map(show)).toEqual([]);
  });
});

describe('the package', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };

  test('every entry point has a source file', () => {
    const missing = Object.values(manifest.exports)
      .filter((entry) => typeof entry !== 'string')
      .map((entry) => join(ROOT, entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')))
      .filter((path) => !existsSync(path));
    expect(missing.map(show)).toEqual([]);
  });

  test('versions are exact', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d/.test(version))).toEqual([]);
  });

  test('error codes in the code and in docs/errors.md are the same', () => {
    const source = readFileSync(join(SRC, 'model/errors.ts'), 'utf8');
    const union = /export type ErrorCode =([\s\S]*?);/.exec(source)?.[1] ?? '';
    const inCode = [...union.matchAll(/'([A-Z_]+)'/g)].map((m) => m[1] ?? '').toSorted(byText);
    const docs = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const inDocs = [...docs.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((m) => m[1] ?? '').toSorted(byText);
    expect(inDocs).toEqual(inCode);
  });
});
