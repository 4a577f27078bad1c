/**
 * The pages say what is: links lead somewhere, commands and flags exist, configurations are taken, paths are served,
 * and the library's examples compile and run against the built package through its own entry points.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, proveConfig } from '../src/agent/index.js';
import { Router } from '../src/api/core/router.js';
import { allRoutes } from '../src/api/routes.js';
import { plainPaint } from '../src/cli/io.js';
import { main } from '../src/cli/main.js';
import { withReference } from './support/config-reference.js';
import { anchorsOf, codeBlocks, relativeLinks, shellCommands, type CodeBlock } from './support/markdown.js';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);

const pages = new Map(
  ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownIn('docs')].map((path) => [
    path,
    readFileSync(join(ROOT, path), 'utf8'),
  ]),
);
// The API reference shows signatures, which are no programs.
const blocks = [...pages]
  .filter(([page]) => !page.startsWith('docs/api/'))
  .flatMap(([page, text]) => codeBlocks(page, text));
const commands = shellCommands(blocks);

function markdownIn(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}

function blocksOf(language: string): CodeBlock[] {
  return blocks.filter((block) => block.language === language);
}

/** What `datapunk WORDS… --help` prints. */
async function printedHelp(words: readonly string[]): Promise<string> {
  let printed = '';
  const code = await main([...words, '--help'], {
    environment: {},
    stdin: process.stdin,
    terminal: false,
    columns: () => undefined,
    out: (text) => (printed += text),
    bytes: () => {},
    err: () => {},
    paint: plainPaint,
  });
  return code === 0 ? printed : '';
}

test('links lead to files, and to headings in them', () => {
  const broken = [...pages].flatMap(([page, text]) =>
    relativeLinks(text).flatMap(({ path, anchor }) => {
      const target = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(ROOT, target))) return [`${page} → ${path}`];
      // Anchors of the API reference are the generator's.
      if (anchor === '' || page.startsWith('docs/api/')) return [];
      return anchorsOf(pages.get(target) ?? '').has(anchor) ? [] : [`${page} → ${path}#${anchor}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('the table of configuration keys is up to date', () => {
  const page = pages.get('docs/agent.md') ?? '';
  expect(page, 'scripts/config-reference writes it').toBe(withReference(page));
});

describe('command lines', () => {
  const helps = new Map<string, Promise<string>>();

  function helpOf(words: readonly string[]): Promise<string> {
    const key = words.join(' ');
    const known = helps.get(key) ?? printedHelp(words);
    helps.set(key, known);
    return known;
  }

  /** `kv put a b` → [`kv`, `put`]: sub-commands have a help of their own. */
  async function commandOf(words: readonly string[]): Promise<readonly string[]> {
    const [name = '', second = ''] = words;
    if (name.startsWith('-') || name === '') return [];
    const isSub = new RegExp(`^  ${second} `, 'm').test((await helpOf([name])).split('Commands:')[1] ?? '');
    return isSub ? [name, second] : [name];
  }

  const lines = commands.flatMap((line) => {
    const words = /^(?:bin\/)?datapunk (.*)$/.exec(line)?.[1];
    return words === undefined ? [] : [words.split(' -- ')[0] as string];
  });

  test('there are some', () => expect(lines.length).toBeGreaterThan(15));

  test.each(lines)('datapunk %s', async (line) => {
    const words = line.replaceAll(/'[^']*'|"[^"]*"/g, 'TEXT').split(/\s+/);
    const command = await commandOf(words);
    const text = await helpOf(command);
    expect(text, 'no such command').toContain(['Usage: datapunk', ...command].join(' '));
    for (const flag of words.filter((word) => word.startsWith('--'))) {
      expect(text, `no flag ${flag}`).toMatch(new RegExp(`^\\s+(-\\w, )?${flag}(?![\\w-])`, 'm'));
    }
  });
});

describe('HTTP requests', () => {
  const router = new Router(allRoutes(true));
  const requests = commands.flatMap((line) => {
    const path = /^curl .*localhost:850[01](\/[^\s'"?]*)/.exec(line)?.[1];
    const method = / -X ([A-Z]+)/.exec(line)?.[1] ?? 'GET';
    return path === undefined ? [] : [[method, path] as const];
  });

  test('there are some', () => expect(requests.length).toBeGreaterThan(15));

  test.each(requests)('%s %s', (method, path) => {
    const match = router.find(path, '');
    if (match.type !== 'route') throw new Error('no such path');
    expect(Object.keys(match.route.methods)).toContain(method);
  });
});

describe('with files', () => {
  // Inside the package, so that its own name leads to its own entry points.
  const folder = join(ROOT, 'build', 'docs');
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(blocksOf('json').map(({ page, text }, i) => [page, i, text] as const))(
    'the agent takes the configuration of %s (%i)',
    async (_page, i, text) => {
      const file = join(folder, `config-${i}.json`);
      writeFileSync(file, text);
      const { config, warnings } = await loadConfig({ configFile: [file] }, {});
      await proveConfig(config);
      expect(warnings).toEqual([]);
    },
  );

  test('the examples of the library compile and run', { timeout: 120_000 }, async () => {
    const examples = blocksOf('ts').map(({ page, text }, i) => ({ page, text, name: `example-${i}` }));
    expect(examples.length).toBeGreaterThan(5);
    for (const { name, text } of examples) writeFileSync(join(folder, `${name}.mts`), text);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(compiler));
    await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    for (const { page, name } of examples) {
      const end = run(process.execPath, [join(folder, `${name}.mjs`)], { timeout: 20_000 });
      await end.catch((error: Error) => {
        throw new Error(`${name} of ${page}: ${error.message}`);
      });
    }
  });
});

const compiler = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
  include: ['*.mts'],
};
