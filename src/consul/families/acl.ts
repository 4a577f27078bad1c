import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type {
  ConsulAclPolicy,
  ConsulAclPolicyWrite,
  ConsulAclRole,
  ConsulAclRoleWrite,
  ConsulAclToken,
  ConsulAclTokenWrite,
  ConsulAuthMethod,
  ConsulAuthMethodWrite,
  ConsulBindingRule,
  ConsulBindingRuleWrite,
  ConsulLogin,
} from './acl-shapes.js';
import { AclTable, NamedAclTable } from './acl-table.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

/** acl/…: access control. UNAUTHENTICATED everywhere while it is off. */
export class AclCalls {
  readonly tokens: AclTokens;
  readonly policies: NamedAclTable<ConsulAclPolicy, ConsulAclPolicyWrite>;
  readonly roles: NamedAclTable<ConsulAclRole, ConsulAclRoleWrite>;
  /** Known by name instead of id. */
  readonly authMethods: AclTable<ConsulAuthMethod, ConsulAuthMethodWrite>;
  readonly bindingRules: AclTable<ConsulBindingRule, ConsulBindingRuleWrite>;

  constructor(private readonly calls: Calls) {
    this.tokens = new AclTokens(calls, 'token', 'tokens');
    this.policies = new NamedAclTable(calls, 'policy', 'policies');
    this.roles = new NamedAclTable(calls, 'role', 'roles');
    this.authMethods = new AclTable(calls, 'auth-method', 'auth-methods');
    this.bindingRules = new AclTable(calls, 'binding-rule', 'binding-rules');
  }

  /** The first token, of all rights. Once; then PERMISSION_DENIED. */
  bootstrap(options: ConsulCallOptions & { readonly secret?: string } = {}): Promise<ConsulAclToken> {
    const body = options.secret === undefined ? undefined : { BootstrapSecret: options.secret };
    return this.calls.write('PUT', '/v1/acl/bootstrap', options, { body });
  }

  /** A token for what an auth method vouches for. */
  login(login: ConsulLogin, options: ConsulCallOptions = {}): Promise<ConsulAclToken> {
    return this.calls.write('POST', '/v1/acl/login', options, { body: login });
  }

  /** Ends the token that the call is made with. */
  logout(options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('POST', '/v1/acl/logout', options);
  }
}

export class AclTokens extends AclTable<ConsulAclToken, ConsulAclTokenWrite> {
  /** The one that the call is made with. */
  self(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulAclToken>> {
    return this.calls.object('/v1/acl/token/self', options);
  }

  clone(id: string, options: ConsulCallOptions & { readonly description?: string } = {}): Promise<ConsulAclToken> {
    const body = { Description: options.description };
    return this.calls.write('PUT', path`/v1/acl/token/${{ id }}/clone`, options, { body });
  }
}
