import { describe, expect, it } from 'vitest';
import { isDiscoveryError, limits } from '../../model/index.js';
import {
  agentServiceShape,
  checkServiceNodeShape,
  compileFilter,
  healthCheckShape,
  serviceNodeShape,
  type StructShape,
} from './index.js';

const instances = [
  {
    Node: 'n',
    NodeMeta: { kit: 'o9' },
    ServiceID: 'o9-1',
    ServiceTags: ['red', 'a b'],
    ServicePort: 91,
    ServiceMeta: { env: 'prod', ver: '1.2', 'odd-key': 'x' },
    ServiceWeights: { Passing: 1, Warning: 1 },
    ServiceEnableTagOverride: true,
  },
  {
    Node: 'n',
    NodeMeta: { kit: 'o9' },
    ServiceID: 'o9-2',
    ServiceTags: ['green'],
    ServicePort: 92,
    ServiceMeta: { env: 'qa' },
  },
  { Node: 'n', NodeMeta: null, ServiceID: 'o9-3', ServiceTags: null, ServicePort: 93, ServiceMeta: {} },
];

function kept(filter: string): string {
  const accepts = compileFilter(filter, serviceNodeShape);
  return instances
    .filter(accepts)
    .map(({ ServiceID }) => ServiceID.slice(-1))
    .join('');
}

function refusal(filter: string, shape: StructShape = serviceNodeShape): string {
  try {
    compileFilter(filter, shape);
  } catch (error) {
    if (isDiscoveryError(error, 'INVALID_ARGUMENT')) {
      return error.message.replace('Failed to create boolean expression evaluator: ', '! ');
    }
    throw error;
  }
  return 'accepted';
}

function keepsChecks(filter: string, ...statuses: string[]): boolean {
  return compileFilter(filter, checkServiceNodeShape)({ Checks: statuses.map((Status) => ({ Status })) });
}

describe('a filter keeps', () => {
  it.each([
    ['ServiceMeta.env == "prod"', '1'],
    ['ServiceMeta.env == prod', '1'],
    ['ServiceMeta.env == `prod`', '1'],
    ['ServiceMeta.env=="prod"', '1'],
    ['ServicePort==91', '1'],
    ['  ServicePort\t==\n91  ', '1'],
    ['ServiceMeta.env != prod', '23'],
    ['ServiceMeta.none == ""', ''],
    ['ServiceMeta.none != ""', '123'],
    ['ServiceMeta is empty', '3'],
    ['ServiceMeta is not empty', '12'],
    ['ServiceTags is empty', '3'],
    ['ServiceTags is not empty', '12'],
    ['red in ServiceTags', '1'],
    ['"a b" in ServiceTags', '1'],
    ['red not in ServiceTags', '23'],
    ['ServiceTags contains green', '2'],
    ['ServiceTags not contains green', '13'],
    ['ver in ServiceMeta', '1'],
    ['ServiceMeta not contains env', '3'],
    ['"9-2" in ServiceID', '2'],
    ['ServiceID contains "9-3"', '3'],
    ['ServiceID matches "^o9-[13]$"', '13'],
    ['ServiceID matches "9-"', '123'],
    ['ServiceID not matches "[12]$"', '3'],
    ['ServicePort != 92', '13'],
    ['ServicePort == "0x5b"', '1'],
    ['ServicePort == "0o133" or ServicePort == "0b1011100"', '12'],
    ['ServicePort == "9_3"', '3'],
    ['ServicePort == -1', ''],
    ['ServiceEnableTagOverride == true', '1'],
    ['ServiceEnableTagOverride != T', '23'],
    ['ServiceWeights.Passing == 1', '1'],
    ['ServiceMeta["odd-key"] == x', '1'],
    ['ServiceMeta[ `odd-key` ] == x', '1'],
    ['ServiceMeta.ver == 1.2', '1'],
    ['ServiceMeta.env == prod and red in ServiceTags', '1'],
    ['ServicePort == 91 or ServicePort == 93', '13'],
    ['not ServicePort == 91', '23'],
    ['not not ServicePort == 91', '1'],
    ['ServicePort == 91 or ServicePort == 92 and ServiceMeta.env == prod', '1'],
    ['(ServicePort == 91 or ServicePort == 92) and ServiceMeta.env == qa', '2'],
    ['( ( ServicePort == 91 ) )', '1'],
    ['ServiceID == "o9\\x2d1"', '1'],
    ['ServiceID == "\\u006f9-\\061"', '1'],
    ['"\\"" in ServiceID or ServiceID == "o9-2"', '2'],
    ['not in ServiceTags', ''],
    ['not not in ServiceTags', '123'],
    ['and in ServiceTags or or in ServiceTags', ''],
    ['ServiceMeta.env == and or ServicePort == 93', '3'],
  ])('%s: %s', (filter, expected) => {
    expect(kept(filter)).toBe(expected);
  });

  it('both what matches and what does not where a map key is missing', () => {
    expect(kept('ServiceMeta.none matches "x"')).toBe('123');
    expect(kept('ServiceMeta.none not matches "x"')).toBe('123');
    expect(kept('ServiceMeta.env matches "^(pr|st)"')).toBe('13');
  });

  it('the whole item when any item of a list fits, negations included', () => {
    expect(keepsChecks('Checks.Status == critical', 'passing', 'critical')).toBe(true);
    expect(keepsChecks('Checks.Status != critical', 'passing', 'critical')).toBe(true);
    expect(keepsChecks('Checks.Status != critical', 'critical')).toBe(false);
    expect(keepsChecks('Checks.Status != critical')).toBe(false);
    expect(keepsChecks('not Checks.Status == critical')).toBe(true);
    expect(keepsChecks('Checks is empty')).toBe(true);
  });

  it('names of object prototypes as plain data', () => {
    expect(kept('ServiceMeta.toString == x')).toBe('');
    expect(kept('constructor in ServiceMeta')).toBe('');
    expect(kept('ServiceMeta["__proto__"] != x')).toBe('123');
    const proto = JSON.parse('{"ServiceMeta":{"__proto__":"x"}}') as object;
    expect(compileFilter('ServiceMeta["__proto__"] == x', serviceNodeShape)(proto)).toBe(true);
  });
});

const nested = (depth: number) => `${'('.repeat(depth)}ServicePort == 1${')'.repeat(depth)}`;

const regexps = (count: number) => Array.from({ length: count }, (_, i) => `Node matches a${i}`).join(' or ');

describe('a filter is refused', () => {
  it.each([
    ['Bogus == 1', '! Selector "Bogus" is not valid'],
    ['serviceport == 91', '! Selector "serviceport" is not valid'],
    ['constructor == 91', '! Selector "constructor" is not valid'],
    ['CreateIndex == 9', '! Selector "CreateIndex" is not valid'],
    ['ServiceTags.x == 9', '! Selector "ServiceTags.x" is not valid'],
    ['ServiceMeta.a["b"] == 9', '! Selector "ServiceMeta.a.b" is not valid'],
    ['ServiceMeta.env is empty', '! Invalid match operator "Is Empty" for selector "ServiceMeta.env"'],
    ['ServiceID is not empty', '! Invalid match operator "Is Not Empty" for selector "ServiceID"'],
    ['ServicePort matches "9"', '! Invalid match operator "Matches" for selector "ServicePort"'],
    ['9 in ServicePort', '! Invalid match operator "In" for selector "ServicePort"'],
    ['ServiceTags == red', '! Invalid match operator "Equal" for selector "ServiceTags"'],
    ['ServiceTags matches red', '! Invalid match operator "Matches" for selector "ServiceTags"'],
    ['ServiceWeights == 1', '! Invalid match operator "Equal" for selector "ServiceWeights"'],
    [
      'ServicePort == abc',
      '! Failed to coerce value "abc" for selector "ServicePort": strconv.ParseInt: parsing "abc": invalid syntax',
    ],
    [
      'ServicePort == 9223372036854775808',
      '! Failed to coerce value "9223372036854775808" for selector "ServicePort": strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
    [
      'ServiceEnableTagOverride == yes',
      '! Failed to coerce value "yes" for selector "ServiceEnableTagOverride": strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    [
      'ServiceID matches "("',
      '! Failed to compile regular expression "(": error parsing regexp: missing closing ): `(`',
    ],
    ['ServiceID == "abc', '! 1:14 (13): rule "string": Unterminated string literal'],
    ['ServiceID == "a\\qc"', '! 1:14 (13): rule "string": invalid syntax'],
    ['ServiceID == "\\400"', '! 1:14 (13): rule "string": invalid syntax'],
    ['(ServicePort == 91', '! 1:19 (18): rule "grouping": Unmatched parentheses'],
    ['ServiceMeta["a" == 91', '! 1:17 (16): rule "index": Unclosed index expression'],
    ['ServiceMeta[a] == 91', '! 1:13 (12): rule "index": Invalid index'],
  ])('%s: %s', (filter, message) => {
    expect(refusal(filter)).toBe(message);
  });

  it.each([
    'ServicePort',
    'ServicePort > 1',
    'ServiceID == _x',
    'ServiceID == web-1',
    'ServiceMeta.ver == v1.2',
    'ServiceMeta.ver == 1.2.3',
    'ServiceMeta.ver == 01',
    'ServicePort == 91 AND ServicePort == 91',
    'ServicePort == 91 and',
    'and ServicePort == 91',
    'not(ServicePort == 91)',
    '(ServicePort == 91)and(ServicePort == 92)',
    '"red"in ServiceTags',
    'ServiceTags contains"red"',
    'red in',
    'ServicePort == 91)',
    '()',
    '',
    '   ',
    'ServiceMeta.ver == semver("1.2")',
    '"\\ud800" in ServiceTags',
    '"line\nbreak" in ServiceTags',
  ])('%s: by its grammar', (filter) => {
    expect(refusal(filter)).toMatch(/^! \d+:\d+ \(\d+\): /);
  });

  it('when it is out of bounds', () => {
    expect(refusal(nested(limits.filterDepth))).toBe('accepted');
    expect(refusal(nested(limits.filterDepth + 1))).toBe(`! nested deeper than ${limits.filterDepth}`);
    expect(refusal('not '.repeat(limits.filterDepth + 1) + 'ServicePort == 1')).toMatch('nested deeper');
    expect(refusal('x'.repeat(limits.filterChars + 1))).toBe(`! longer than ${limits.filterChars} characters`);
    expect(refusal(regexps(limits.filterRegexps))).toBe('accepted');
    expect(refusal(regexps(limits.filterRegexps + 1))).toMatch('more than');
  });

  it('but not for being long: chains of and and or are flat', () => {
    const chain = Array.from({ length: 300 }, (_, i) => `ServicePort == ${i}`).join(' or ');
    expect(kept(chain)).toBe('123');
  });

  it('by the fields of its own answer', () => {
    expect(refusal('Datacenter == dc1', agentServiceShape)).toBe('! Selector "Datacenter" is not valid');
    expect(refusal('Definition.HTTP == x', healthCheckShape)).toBe('! Selector "Definition.HTTP" is not valid');
    expect(refusal('Type == maintenance', healthCheckShape)).toBe('accepted');
    expect(refusal('Service.Proxy.Config.a == x', checkServiceNodeShape)).toMatch('is not valid');
  });
});

it('the same text is compiled once for a shape', () => {
  const first = compileFilter('ServicePort == 1', serviceNodeShape);
  expect(compileFilter('ServicePort == 1', serviceNodeShape)).toBe(first);
});
