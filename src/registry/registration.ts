import { isIP } from 'node:net';
import type { FirstRun } from '../checks/index.js';
import type {
  CheckRegistration,
  CheckStatus,
  LocalCheckRow,
  LocalServiceRow,
  ServiceRegistration,
} from '../model/index.js';
import {
  instanceFields,
  invalid,
  isAnyAddress,
  isCheckStatus,
  isEmptyCheck,
  metaComplaint,
  scriptsDisabled,
  shownDuration,
  toCheckDefinition,
  validateTaggedAddresses,
  validateWeights,
  withTaggedAddresses,
} from '../model/index.js';
import type { CheckOutcome } from './definition-rows.js';

/** What this agent accepts, beyond the contract. */
export interface RegistrationRules {
  /** Script checks that arrive by agent/… calls; implies the next. Default false. */
  readonly enableScriptChecks: boolean;
  /** Script checks of config files. Default false. */
  readonly enableLocalScriptChecks: boolean;
  readonly hasRunner: (name: string) => boolean;
  /** Caps a check's OutputMaxSize. Default 4096. */
  readonly outputMaxBytes: number | undefined;
}

/** A validated registration: definitions to store, and what a check says if it is new. */
export interface ServicePlan {
  readonly service: LocalServiceRow;
  readonly checks: readonly CheckPlan[];
}

export interface CheckPlan {
  readonly row: LocalCheckRow;
  readonly outcome: CheckOutcome;
  /**
   * One whose status was given keeps it until its turn in the schedule; one without is run soon (docs/contract.md
   * section 4).
   */
  readonly firstRun: FirstRun;
}

export interface RegistrationSource {
  readonly token: string;
  readonly fromConfig: boolean;
}

/** agent/service/register: validations in the contract's order (docs/contract.md section 3.2), each with its text. */
export function planService(
  body: ServiceRegistration,
  source: RegistrationSource,
  rules: RegistrationRules,
): ServicePlan {
  const name = body.Name ?? '';
  if (name === '') throw invalid('Missing service name');
  if (isAnyAddress(body.Address ?? '')) throw invalid('Invalid service address');
  validateWeights(body.Weights);
  const wrongMeta = metaComplaint(body.Meta ?? {});
  if (wrongMeta !== undefined) throw invalid(`Invalid Service Meta: ${wrongMeta}`);
  const id = body.ID || name;
  const checks = planServiceChecks(body, id, source, rules);
  const fields = withTaggedAddresses(instanceFields(body, name), isIPFamily);
  validateTaggedAddresses(fields.taggedAddresses, isIPFamily);
  return { service: { kind: 'local-service', id, ...fields, ...stamp(body.Token, source) }, checks };
}

/** agent/check/register. Whether its service exists is judged when the command is decided. */
export function planCheck(body: CheckRegistration, source: RegistrationSource, rules: RegistrationRules): CheckPlan {
  const name = body.Name ?? '';
  if (name === '') throw invalid('Missing check name');
  const status = statusOf(body, 'Bad check status');
  const checkId = body.ID || body.CheckID || name;
  return plan(body, { checkId, name, serviceId: body.ServiceID ?? '', absent: '0s', status }, source, rules);
}

function planServiceChecks(
  body: ServiceRegistration,
  serviceId: string,
  source: RegistrationSource,
  rules: RegistrationRules,
): readonly CheckPlan[] {
  const bodies = [...(body.Check && !isEmptyCheck(body.Check) ? [body.Check] : []), ...(body.Checks ?? [])];
  const name = `Service '${body.Name ?? ''}' check`;
  return bodies.map((check, at) => {
    const ordinal = bodies.length > 1 ? `:${at + 1}` : '';
    return plan(
      check,
      {
        checkId: check.CheckID || check.ID || `service:${serviceId}${ordinal}`,
        name: check.Name || name,
        serviceId,
        absent: '',
        status: () => statusOf(check, "Status for checks must 'passing', 'warning', 'critical'"),
      },
      source,
      rules,
    );
  });
}

interface CheckIdentity {
  readonly checkId: string;
  readonly name: string;
  readonly serviceId: string;
  /** How an absent duration is shown. */
  readonly absent: '' | '0s';
  /** Inside a service the status is judged after the kind, alone before it. */
  readonly status: CheckStatus | (() => CheckStatus);
}

function plan(
  body: CheckRegistration,
  identity: CheckIdentity,
  source: RegistrationSource,
  rules: RegistrationRules,
): CheckPlan {
  const definition = toCheckDefinition(body, {
    hasRunner: rules.hasRunner,
    checkOutputMaxBytes: rules.outputMaxBytes,
  });
  const status = typeof identity.status === 'string' ? identity.status : identity.status();
  if (definition.type === 'script' || definition.type === 'docker') requireScripts(source, rules);
  const { checkId, name, serviceId, absent } = identity;
  return {
    row: {
      kind: 'local-check',
      checkId,
      name,
      notes: body.Notes ?? '',
      serviceId,
      definition,
      interval: shownDuration(body.Interval, absent),
      timeout: shownDuration(body.Timeout, absent),
      ...stamp(body.Token, source),
    },
    outcome: { status, output: '' },
    firstRun: body.Status ? 'phase' : 'soon',
  };
}

function statusOf(body: CheckRegistration, refusal: string): CheckStatus {
  const word = body.Status || 'critical';
  if (!isCheckStatus(word)) throw invalid(refusal);
  return word;
}

function requireScripts(source: RegistrationSource, rules: RegistrationRules): void {
  if (rules.enableScriptChecks || (source.fromConfig && rules.enableLocalScriptChecks)) return;
  throw scriptsDisabled(source.fromConfig ? 'local' : 'remote');
}

function stamp(token: string | undefined, source: RegistrationSource) {
  return { token: token || source.token, fromConfig: source.fromConfig, createIndex: 0, modifyIndex: 0 };
}

function isIPFamily(address: string): 0 | 4 | 6 {
  return isIP(address) as 0 | 4 | 6;
}
