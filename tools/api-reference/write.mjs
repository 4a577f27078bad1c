/**
 * Writes the API reference from the docstrings of every entry point, one page each. Where to: the first argument,
 * default docs/api. `test/api-reference.test.ts` proves that what is committed is what this writes.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const out = resolve(process.argv[2] ?? join(root, 'docs/api'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.entries(manifest.exports)
  .filter(([, entry]) => typeof entry !== 'string')
  .map(([path, entry]) => ({
    name: path === '.' ? manifest.name : `${manifest.name}/${path.slice(2)}`,
    source: join(root, entry.types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts')),
    page: entry.types.replace('./dist/', '').replace(/(?<=.)\/index\.d\.ts$|\.d\.ts$/, '.md'),
  }));

const app = await Application.bootstrapWithPlugins({
  name: '@datapunk/discovery',
  entryPoints: entries.map(({ source }) => source),
  out,
  tsconfig: join(root, 'tools/api-reference/tsconfig.json'),
  plugin: [fileURLToPath(import.meta.resolve('typedoc-plugin-markdown'))],
  router: 'module',
  readme: 'none',
  basePath: join(root, 'src'),
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  propertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  sort: ['alphabetical'],
  logLevel: 'Error',
  validation: { notExported: false, invalidLink: true, notDocumented: false },
});
const project = await app.convert();
if (!project || app.logger.hasErrors()) process.exit(1);
rmSync(out, { recursive: true, force: true });
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exit(1);

// Pages are called by what is imported rather than by the source's folders.
for (const { name, page } of entries) {
  const path = join(out, page);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^# .*$/m, `# ${name}`));
}
const rows = entries.map(({ name, page }) => `| \`${name}\` | [${page}](${page}) |`);
writeFileSync(join(out, 'README.md'), `# API reference\n\n| import | page |\n| --- | --- |\n${rows.join('\n')}\n`);
