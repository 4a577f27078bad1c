import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { memoryIo } from '../testing/memory-io.js';
import { exitCodeHelp } from './exit-codes.js';
import { main } from './main.js';

/** No command here reaches an agent. */
async function run(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const { io, out, err } = memoryIo();
  const code = await main(argv, io);
  return { code, out: out(), err: err() };
}

const COMMANDS = [
  'agent',
  'dev',
  'doctor',
  'validate',
  'register',
  'deregister',
  'maint',
  'services',
  'discover',
  'watch',
];
const MORE = ['health', 'dns', 'nodes', 'explain', 'kv', 'snapshot'];
const AMONG = ['members', 'sync', 'join', 'leave', 'force-leave', 'keyring'];

describe('a command line', () => {
  test('alone shows all commands and the exit codes', async () => {
    const { code, out } = await run();
    expect(code).toBe(0);
    for (const name of [...COMMANDS, ...MORE, ...AMONG]) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(out).toContain('Exit codes');
  });

  test.each([...COMMANDS, ...MORE, ...AMONG])('%s --help has examples', async (name) => {
    const { code, out } = await run(name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`Usage: datapunk ${name}`);
    expect(out).toMatch(new RegExp(`Examples:\\n  \\$ .*datapunk ${name}`));
  });

  test.each([
    ['kv', 'get'],
    ['kv', 'put'],
    ['kv', 'delete'],
    ['kv', 'list'],
    ['snapshot', 'save'],
    ['snapshot', 'restore'],
    ['snapshot', 'inspect'],
    ['keyring', 'generate'],
    ['keyring', 'list'],
    ['keyring', 'install'],
    ['keyring', 'use'],
    ['keyring', 'remove'],
  ])('%s %s --help has examples', async (name, sub) => {
    expect((await run(name, sub, '--help')).out).toContain('Examples:');
  });

  test.each([
    [['servces'], 'Did you mean services?'],
    [['servces', '--help'], 'Did you mean services?'],
    [['services', '--jsn'], 'Did you mean --json?'],
    [['discover'], "missing required argument 'name'"],
    [['discover', 'a', 'b'], 'too many arguments'],
    [['register', 'a', '--port', 'x'], 'must be a whole number'],
    [['register', 'a', '--port', '70000'], 'must be a port'],
    [['register', 'a', '--meta', 'x'], 'must be KEY=VALUE'],
    [['register', 'a', '--ttl', 'soon'], 'must be a duration'],
    [['register'], 'which service?'],
    [['register', 'a', '--check-http', '/health'], '--check-http needs --port'],
    [['register', 'a', '--ttl', '5s', '--check-tcp'], 'one check only'],
    [['register', 'a', 'b'], 'one argument too many'],
    [['register', 'a', '--exec'], '--exec needs a program'],
    [['maint', 'maybe'], 'must be on or off'],
    [['services', '--http-addr', 'a b'], 'is not the address of an agent'],
    [['dev', '--exit-after', 'soon'], 'must be a duration'],
    [['kv', 'gett', 'a'], 'Did you mean get?'],
  ])('%j is a mistake of usage: %s', async (argv, says) => {
    const { code, out, err } = await run(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(says);
  });

  test('--version is one line', async () => {
    expect((await run('--version')).out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  test('help of a command, said the other way round', async () => {
    expect((await run('help', 'kv')).out).toContain('Usage: datapunk kv');
  });
});

test('docs/cli.md has every command and exit code', async () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const codes = [...page.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, says]) => [Number(code), says]);
  expect(codes).toEqual(exitCodeHelp);
  for (const name of [...COMMANDS, ...MORE, ...AMONG]) expect(page).toMatch(new RegExp(`^\\|.*\`${name}\\b`, 'm'));
});
