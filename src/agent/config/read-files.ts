import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../../model/index.js';

export interface ConfigFile {
  readonly path: string;
  readonly value: unknown;
}

/** Files in the order given, and of each directory the `*.json` in lexical order: later ones win. */
export async function readConfigFiles(files: readonly string[], directories: readonly string[]): Promise<ConfigFile[]> {
  const paths: string[] = [];
  for (const file of files) paths.push(...((await isDirectory(file)) ? await filesOf(file) : [file]));
  for (const directory of directories) paths.push(...(await filesOf(directory)));
  return Promise.all(paths.map(async (path) => ({ path, value: parse(path, await read(path)) })));
}

async function filesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw invalid(`cannot read the configuration directory ${directory}: ${reason(error)}`);
  });
  // Skipping one silently could drop a protection its author asked for.
  const hcl = names.find((name) => name.endsWith('.hcl'));
  if (hcl !== undefined) throw invalid(`${join(directory, hcl)}: HCL is not read; write it as JSON`);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(directory, name));
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function read(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw invalid(`cannot read the configuration file ${path}: ${reason(error)}`);
  }
}

function parse(path: string, text: string): unknown {
  if (path.endsWith('.hcl')) throw invalid(`${path}: HCL is not read; write it as JSON`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid(`${path}${place(error, text)}: is not JSON: ${reason(error)}`);
  }
}

/** `:line:column` of a JSON error, which tells only the offset. */
function place(error: unknown, text: string): string {
  const offset = /position (\d+)/.exec(reason(error))?.[1];
  if (offset === undefined) return '';
  const before = text.slice(0, Number(offset)).split('\n');
  return `:${before.length}:${(before.at(-1) as string).length + 1}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
