import {
  isDiscoveryError,
  type Caller,
  type CatalogDeregistration,
  type CatalogRegistration,
  type CatalogView,
  type RegistryCommands,
  type TxnOperation,
  type TxnOutcome,
} from '../../model/index.js';
import type { CommandCaller } from '../calls/caller.js';
import type { BodyOf, MethodName, ResultOf } from '../calls/methods.js';
import type { Origin } from '../messages.js';
import { noLeader } from '../server-name.js';
import type { MembersPart } from '../step/parts.js';
import { deregistrationOrigins, registrationParts } from './catalog-parts.js';
import { reachableHome } from './home.js';
import { ownerNow, unreachable } from './owners.js';
import { planTransaction, refusedAt, type TransactionPlan } from './transactions.js';

export interface ClusterCommandsOptions {
  /** Of this agent. */
  readonly local: RegistryCommands;
  readonly catalog: CatalogView;
  readonly members: MembersPart;
  readonly caller: Pick<CommandCaller, 'call'>;
  /** Resolves when everything acknowledged before is known here, as far as it can be. */
  readonly caughtUp: () => Promise<void>;
}

/** What is decided here or elsewhere; the rest of the commands is about this agent's own node. */
type Routed = Pick<
  RegistryCommands,
  | 'registerCatalog'
  | 'deregisterCatalog'
  | 'kvPut'
  | 'kvDelete'
  | 'createSession'
  | 'destroySession'
  | 'renewSession'
  | 'transaction'
  | 'fireEvent'
  | 'createQuery'
  | 'updateQuery'
  | 'deleteQuery'
  | 'putConfig'
  | 'restore'
>;

/**
 * The commands of an agent that is one of several. Those on its own node it decides itself; those on catalog rows their
 * owner; those on keys, sessions, events and queries the home. What others decide is answered once it can be read here.
 */
export function clusterCommands(options: ClusterCommandsOptions): RegistryCommands {
  const { local } = options;
  const route = new Route(options);
  const routed: Routed = {
    registerCatalog: (body, caller) => route.registerCatalog(body, caller),
    deregisterCatalog: (body, caller) => route.deregisterCatalog(body, caller),
    kvPut: (write, caller) => route.atHome('kvPut', write, caller, () => local.kvPut(write, caller)),
    kvDelete: (request, caller) => route.atHome('kvDelete', request, caller, () => local.kvDelete(request, caller)),
    createSession: (body, caller) => {
      // A session is of the agent that was asked for it, unless it names another node.
      const named = { ...body, Node: body.Node || local.nodeName };
      return route.atHome('createSession', named, caller, () => local.createSession(named, caller));
    },
    destroySession: (id, caller) => route.atHome('destroySession', id, caller, () => local.destroySession(id, caller)),
    renewSession: (id, caller) => route.atHome('renewSession', id, caller, () => local.renewSession(id, caller)),
    transaction: (operations, caller) => route.transaction(operations, caller),
    fireEvent: (event, caller) => route.atHome('fireEvent', event, caller, () => local.fireEvent(event, caller)),
    createQuery: (body, caller) => route.atHome('createQuery', body, caller, () => local.createQuery(body, caller)),
    updateQuery: (id, body, caller) =>
      route.atHome('updateQuery', { id, body }, caller, () => local.updateQuery(id, body, caller)),
    deleteQuery: (id, caller) => route.atHome('deleteQuery', id, caller, () => local.deleteQuery(id, caller)),
    putConfig: (kind, name, body, cas) =>
      route.atHome('putConfig', { kind, name, body, ...(cas === undefined ? {} : { cas }) }, undefined, () =>
        local.putConfig(kind, name, body, cas),
      ),
    restore: (...args) => route.restore(() => local.restore(...args)),
  };
  return Object.assign(Object.create(local) as RegistryCommands, routed);
}

class Route {
  constructor(private readonly options: ClusterCommandsOptions) {}

  /**
   * Must not wait before it decides here: whoever is the home at that moment grants, and it may have ceased to be a turn
   * later.
   */
  atHome<M extends MethodName, R extends ResultOf<M>>(
    name: M,
    body: BodyOf<M>,
    caller: Caller | undefined,
    decide: () => Promise<R>,
  ): Promise<R> {
    const { members } = this.options;
    const origin = reachableHome(members);
    if (origin === members.self.origin) return decide();
    if (origin === undefined) return Promise.reject(noLeader());
    return this.ask(origin, name, body, caller, noLeader) as Promise<R>;
  }

  async registerCatalog(body: CatalogRegistration, caller?: Caller): Promise<void> {
    const { local, catalog, members } = this.options;
    const isElsewhere = (body.Datacenter ?? '') !== '' && body.Datacenter !== catalog.datacenter;
    if (isElsewhere) return local.registerCatalog(body, caller);
    const parts = registrationParts(catalog, members.self.origin, body);
    const owned = parts.map((part) => ({ ...part, owner: ownerNow(members, part.origin) }));
    for (const { owner, body: part } of owned) {
      if (owner.type === 'self') await local.registerCatalog(part, caller);
      else await this.askOwner(owner.origin, 'registerCatalog', part, caller);
    }
  }

  /** Each owner of a row is asked for its own; rows whose owner is gone go with ours. */
  async deregisterCatalog(body: CatalogDeregistration, caller?: Caller): Promise<void> {
    const { local, catalog, members, caughtUp } = this.options;
    await caughtUp();
    const owners = Array.from(deregistrationOrigins(catalog, body), (origin) => ownerNow(members, origin));
    if (owners.length === 0) return local.deregisterCatalog(body, caller);
    for (const owner of owners) {
      if (owner.type === 'self') await local.deregisterCatalog(body, caller);
      else await this.askOwner(owner.origin, 'deregisterCatalog', body, caller);
    }
  }

  async transaction(operations: readonly TxnOperation[], caller?: Caller): Promise<TxnOutcome> {
    const { local, catalog, members } = this.options;
    const plan = planTransaction(catalog, operations);
    const at = plan.needsHome ? this.home() : this.ownerOfAll(plan);
    const foreign = [...plan.owners].filter(([, origin]) => !this.isOf(origin, at)).map(([opIndex]) => opIndex);
    if (foreign.length > 0) return refusedAt(foreign, (opIndex) => this.belongsElsewhere(plan, opIndex));
    if (at === members.self.origin) return local.transaction(operations, caller);
    if (plan.comparing.length > 0) {
      return refusedAt(plan.comparing, () => `index is of another agent than ${this.nameOf(at)}, which owns the row`);
    }
    const body = [...operations];
    return plan.needsHome
      ? this.ask(at, 'transaction', body, caller, noLeader)
      : this.askOwner(at, 'catalogTransaction', body, caller);
  }

  /** A snapshot holds keys, and those are decided at the home. */
  async restore(restore: () => Promise<void>): Promise<void> {
    const { members } = this.options;
    if (members.home().origin !== members.self.origin) throw noLeader();
    return restore();
  }

  private askOwner<M extends MethodName>(
    origin: Origin,
    name: M,
    body: BodyOf<M>,
    caller: Caller | undefined,
  ): Promise<ResultOf<M>> {
    return this.ask(origin, name, body, caller, (reason) => unreachable(this.nameOf(origin), reason, 'unknown'));
  }

  /** That nobody was reached is told in the words of what was wanted. */
  private async ask<M extends MethodName>(
    origin: Origin,
    name: M,
    body: BodyOf<M>,
    caller: Caller | undefined,
    unreached: (reason: string) => Error,
  ): Promise<ResultOf<M>> {
    try {
      return await this.options.caller.call(origin, name, body, caller);
    } catch (error) {
      if (!isDiscoveryError(error) || error.details['outcome'] === undefined) throw error;
      throw Object.assign(unreached(error.message), { cause: error });
    }
  }

  private home(): Origin {
    const origin = reachableHome(this.options.members);
    if (origin === undefined) throw noLeader();
    return origin;
  }

  /** Of the first row there is; ours when all are new. */
  private ownerOfAll({ owners }: TransactionPlan): Origin {
    const { members } = this.options;
    const [first = members.self.origin] = owners.values();
    const owner = ownerNow(members, first);
    return owner.type === 'self' ? members.self.origin : owner.origin;
  }

  private isOf(origin: Origin, at: Origin): boolean {
    const { members } = this.options;
    if (origin === at) return true;
    // Whose owner is gone anybody may take over; whose owner cannot be reached, nobody.
    return ownerNow(members, origin).type === 'self' && origin !== members.self.origin;
  }

  private belongsElsewhere({ owners }: TransactionPlan, opIndex: number): string {
    return `the row belongs to agent ${this.nameOf(owners.get(opIndex) ?? '')}: write it in a transaction of its own`;
  }

  private nameOf(origin: Origin): string {
    return this.options.members.of(origin)?.info.node ?? this.options.members.self.node;
  }
}
