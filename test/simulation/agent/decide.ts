/** The commands of a scenario as decisions of the registry, by the rules that the registry itself uses. */
import {
  decideKvDelete,
  decideKvPut,
  decideSessionCreate,
  decideSessionDestroy,
  decision,
  Draft,
  removeNode,
  removeService,
} from '../../../src/catalog/index.js';
import type { Decision } from '../../../src/catalog/index.js';
import { invalid } from '../../../src/model/index.js';
import type { CatalogRegistration, RowRef, StateReader } from '../../../src/model/index.js';
import { decideCatalogRegistration, planCatalog } from '../../../src/registry/catalog-registration.js';
import { LocalDraft } from '../../../src/registry/local-draft.js';
import type { Owners } from '../../../src/registry/owners.js';
import type { OwnNode } from '../../../src/registry/own-node.js';
import { planService } from '../../../src/registry/registration.js';
import type { Command } from '../plan/scenario.js';
import type { Outcomes } from './local-outcomes.js';

export interface DecideContext {
  readonly self: OwnNode;
  readonly owners: Owners;
  readonly outcomes: Outcomes;
  readonly sessions: ReadonlyMap<string, string>;
  readonly nodeOf: (slot: number) => string;
  newId(): string;
  lockDelayed(key: string): boolean;
}

type Local = Extract<Command, { do: 'register' | 'deregister' | 'flip' }>;
type OfCatalog = Extract<Command, { do: 'catalog-register' | 'catalog-deregister' }>;
export type OfState = Extract<
  Command,
  { do: 'kv-set' | 'kv-delete' | 'session-create' | 'session-destroy' | 'acquire' | 'release' }
>;

const RULES = {
  enableScriptChecks: false,
  enableLocalScriptChecks: false,
  hasRunner: () => false,
  outputMaxBytes: undefined,
};

export function decideLocal(state: StateReader, command: Local, context: DecideContext): Decision<void> {
  const draft = new LocalDraft(state, context.self, context.outcomes);
  const checkId = `service:${command.id}`;
  if (command.do === 'deregister') draft.removeService(command.id);
  else if (command.do === 'flip') draft.touchCheck(checkId, context.outcomes.say(checkId, command.status));
  else {
    const { service, checks } = planService(
      {
        ID: command.id,
        Name: command.service,
        Port: command.port,
        ...(command.meta !== '' && { Meta: { version: command.meta } }),
        Check: { TTL: '30s', Status: command.status },
      },
      { token: '', fromConfig: false },
      RULES,
    );
    draft.putService(service);
    for (const plan of checks) {
      draft.putCheck(plan);
      context.outcomes.say(plan.row.checkId, command.status);
    }
  }
  return { ...draft.finish(), result: undefined };
}

/** The agent's own rows and those of its definitions, as they should be; with `strict`, and no others. */
export function decideReconcile(state: StateReader, context: DecideContext, strict: boolean): Decision<void> {
  const draft = new LocalDraft(state, context.self, context.outcomes);
  draft.touchOwnRows();
  for (const row of state.localServices()) draft.touchService(row);
  for (const row of state.localChecks()) draft.touchCheck(row.checkId);
  if (strict) removeUnexplained(draft, state, context);
  return { ...draft.finish(), result: undefined };
}

/** Rows under our node's name that nothing of ours stands for, and nobody else who lives. */
function removeUnexplained(draft: LocalDraft, state: StateReader, { self, owners }: DecideContext): void {
  for (const row of state.servicesOf(self.name)) {
    const isExplained = row.id === 'consul' || state.localService(row.id) !== undefined || owners.isLiveOther(row);
    if (!isExplained) draft.removeService(row.id);
  }
  for (const row of state.checksOf(self.name)) {
    const isExplained = row.checkId === 'serfHealth' || state.localCheck(row.checkId) || owners.isLiveOther(row);
    if (!isExplained) draft.removeCheck(row.checkId);
  }
}

/** A row of our own node that another agent claimed. */
export function decideSayAgain(state: StateReader, context: DecideContext, ref: RowRef): Decision<void> {
  const draft = new LocalDraft(state, context.self, context.outcomes);
  draft.sayAgain(ref);
  return { ...draft.finish(), result: undefined };
}

export function decideCatalog(state: StateReader, command: OfCatalog, { self, owners }: DecideContext): Decision<void> {
  if (command.do === 'catalog-deregister') {
    const draft = new Draft(state);
    if (command.id === '') removeNode(draft, command.node);
    else removeService(draft, command.node, command.id);
    return decision(undefined, draft.changes, draft.lockDelays);
  }
  const plan = planCatalog(registrationOf(command));
  return decideCatalogRegistration(state, plan, self, owners);
}

export function registrationOf(command: Extract<Command, { do: 'catalog-register' }>): CatalogRegistration {
  const { node, address, id, service, port, status } = command;
  return {
    Node: node,
    Address: address,
    Service: { ID: id, Service: service, Port: port },
    Check: { Node: node, CheckID: `service:${id}`, Name: 'outside', ServiceID: id, Status: status },
  };
}

export function decideState(state: StateReader, command: OfState, context: DecideContext): Decision<unknown> {
  switch (command.do) {
    case 'kv-set':
      return decideKvPut(
        state,
        { key: command.key, value: value(command.value), flags: 0n, mode: { type: 'set' } },
        context,
      );
    case 'kv-delete':
      return decideKvDelete(state, { key: command.key, mode: { type: 'key' } });
    case 'session-create': {
      const decided = decideSessionCreate(
        state,
        { Node: context.nodeOf(command.node) },
        { nodeName: context.self.name, newId: () => context.newId() },
      );
      return { ...decided, result: decided.result.id };
    }
    case 'session-destroy':
      return decideSessionDestroy(state, sessionId(command.session, context));
    default: {
      const mode = { type: command.do, session: sessionId(command.session, context) } as const;
      return decideKvPut(state, { key: command.key, value: value('lock'), flags: 0n, mode }, context);
    }
  }
}

function value(text: string): string {
  return Buffer.from(text).toString('base64');
}

function sessionId(name: string, { sessions }: DecideContext): string {
  const id = sessions.get(name);
  if (id === undefined) throw invalid(`nobody made a session ${name} yet`);
  return id;
}
