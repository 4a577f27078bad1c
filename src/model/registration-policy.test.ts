import { describe, expect, test } from 'vitest';
import { isDiscoveryError } from './errors.js';
import { compileRegistrationPolicy, parseRegistrationPolicy } from './registration-policy.js';
import type { JudgedRegistration } from './registration-policy.js';

const compile = (expression: string): RegExp => {
  const flags = expression.startsWith('(?is)') ? 'is' : '';
  return new RegExp(expression.replace('(?is)', ''), flags);
};

function violations(config: unknown, registration: JudgedRegistration): readonly string[] {
  try {
    compileRegistrationPolicy(parseRegistrationPolicy(config), compile).check(registration);
    return [];
  } catch (error) {
    if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
    return (error.details.violations ?? []).map(({ field, rule }) => `${field} ${rule}`);
  }
}

describe('a registration policy', () => {
  test('takes everything when it says nothing', () => {
    expect(violations({}, { Name: '' })).toEqual([]);
  });

  test('can require the fields of the standard, and names all that are missing', () => {
    const config = { rules: [{ requireStandard: true }] };
    expect(violations(config, { Name: 'api', ID: 'api', Meta: { version: '1.0.0' } })).toEqual([
      'ID is required',
      'Meta.type is required',
      'Meta.environment is required',
    ]);
    const meta = { version: '1.0.0', type: 'http', environment: 'prod' };
    expect(violations(config, { Name: 'api', ID: 'api-1', Meta: meta })).toEqual([]);
  });

  test('can require other fields', () => {
    const config = { rules: [{ required: ['Port', 'Tags', 'Check', 'Locality', 'Address'] }] };
    expect(violations(config, { Name: 'api', Port: 1, Checks: [{}] })).toEqual([
      'Tags is required',
      'Locality is required',
      'Address is required',
    ]);
  });

  test('validates metadata by type, pattern and enum', () => {
    const meta = {
      version: { type: 'semver', required: true },
      shard: { type: 'integer' },
      load: { type: 'number' },
      canary: { type: 'boolean' },
      tier: { enum: ['gold', 'silver'] },
      team: { pattern: '^[a-z]+$' },
    };
    const given = { version: '1.0', shard: '1.5', load: 'high', canary: 'yes', tier: 'bronze', team: 'Blue 1' };
    expect(violations({ rules: [{ meta }] }, { Name: 'api', Meta: given })).toEqual([
      'Meta.version must be a semantic version such as 1.4.0',
      'Meta.shard must be an integer',
      'Meta.load must be a number',
      'Meta.canary must be true or false',
      'Meta.tier must be one of gold, silver',
      'Meta.team must match ^[a-z]+$',
    ]);
    const right = { version: '1.0.0-rc.1+b7', shard: '-3', load: '1e3', canary: 'false', tier: 'gold', team: 'blue' };
    expect(violations({ rules: [{ meta }] }, { Name: 'api', Meta: right })).toEqual([]);
    expect(violations({ rules: [{ meta }] }, { Name: 'api' })).toEqual(['Meta.version is required']);
  });

  test.each(['1.2', '01.2.3', '1.2.3-', '1.2.3-01', 'v1.2.3', '1.2.3.4'])('%s is no semantic version', (version) => {
    const config = { rules: [{ meta: { version: { type: 'semver' } } }] };
    expect(violations(config, { Name: 'api', Meta: { version } })).toHaveLength(1);
  });

  test('is for the services whose name fits', () => {
    const config = { rules: [{ services: ['api-*', 'web.front'], required: ['Port'] }] };
    expect(violations(config, { Name: 'API-users' })).toEqual(['Port is required']);
    expect(violations(config, { Name: 'web.front' })).toEqual(['Port is required']);
    expect(violations(config, { Name: 'web-front' })).toEqual([]);
    expect(violations(config, { Name: 'my-api-users' })).toEqual([]);
  });

  test('can refuse metadata that nobody described', () => {
    const config = { rules: [{ onlyKnownMeta: true, requireStandard: true, meta: { team: {} } }] };
    const meta = { version: '1', type: 't', environment: 'e', region: 'eu', team: 'x', toString: 'y' };
    expect(violations(config, { Name: 'api', ID: 'a', Meta: meta })).toEqual(['Meta.toString is not a known key']);
  });

  test('adds up over rules, and says it in one line', () => {
    const rules = [{ required: ['Port' as const] }, { services: 'a*', required: ['Tags' as const] }];
    const policy = compileRegistrationPolicy({ rules }, compile);
    expect(() => policy.check({ Name: 'api' })).toThrow(
      'registration of "api" is refused by policy: Port is required; Tags is required',
    );
  });

  test('may be written as in a config file', () => {
    const config = {
      private_meta_keys: ['cost_center'],
      rules: [{ require_standard: true, meta: { cost_center: {} } }],
    };
    const parsed = parseRegistrationPolicy(config);
    expect(parsed).toEqual({
      privateMetaKeys: ['cost_center'],
      rules: [{ requireStandard: true, meta: { cost_center: {} } }],
    });
  });

  test('that makes no sense is refused with the place', () => {
    expect(() => parseRegistrationPolicy({ rules: [{ meta: { v: { type: 'date' } } }] })).toThrow(
      /rules\.0\.meta\.v\.type/,
    );
    expect(() => parseRegistrationPolicy({ rulez: [] })).toThrow(/rulez/);
  });
});
