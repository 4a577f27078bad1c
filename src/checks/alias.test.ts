import { expect, it } from 'vitest';
import { toCheckDefinition } from '../model/index.js';
import { type AliasedCheck, aliasRunner } from './alias.js';

const check = toCheckDefinition({ AliasService: 'db', AliasNode: 'n1' });

function run(checks: readonly AliasedCheck[] | undefined) {
  const asked: string[] = [];
  const checksOf = (node: string, service: string) => {
    asked.push(`${node}/${service}`);
    return checks;
  };
  const result = aliasRunner({ checksOf }).run(check, new AbortController().signal);
  expect(asked).toEqual(['n1/db']);
  return result;
}

function aliased(name: string, status: string): AliasedCheck {
  return { name, status, output: `${name} output` };
}

it.each([
  [[], 'passing', 'No checks found.'],
  [[aliased('a', 'passing'), aliased('b', 'passing')], 'passing', 'All checks passing.'],
  [[aliased('a', 'passing'), aliased('b', 'warning')], 'warning', 'Aliased check "b" failing: b output'],
  [[aliased('a', 'warning'), aliased('b', 'critical')], 'critical', 'Aliased check "b" failing: b output'],
  [[aliased('a', 'critical'), aliased('b', 'critical')], 'critical', 'Aliased check "a" failing: a output'],
  [[aliased('a', 'constructor')], 'critical', 'Aliased check "a" failing: a output'],
  [undefined, 'critical', 'Service db could not be found on node n1'],
])('of %j is %s', async (checks, status, output) => {
  expect(await run(checks)).toEqual({ status, output });
});
