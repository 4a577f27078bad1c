import type { Json, StringMap } from '../../model/index.js';

interface Kept {
  readonly Hash?: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** By either of them. */
export interface ConsulAclLink {
  readonly ID?: string;
  readonly Name?: string;
}

interface Grants {
  readonly Policies?: readonly ConsulAclLink[] | null;
  readonly ServiceIdentities?:
    | readonly { readonly ServiceName: string; readonly Datacenters?: readonly string[] }[]
    | null;
  readonly NodeIdentities?: readonly { readonly NodeName: string; readonly Datacenter: string }[] | null;
}

export interface ConsulAclTokenWrite extends Grants {
  readonly AccessorID?: string;
  readonly SecretID?: string;
  readonly Description?: string;
  readonly Roles?: readonly ConsulAclLink[] | null;
  readonly Local?: boolean;
  /** A time. */
  readonly ExpirationTime?: string;
  /** A duration. */
  readonly ExpirationTTL?: string;
}

export interface ConsulAclToken extends ConsulAclTokenWrite, Kept {
  readonly AccessorID: string;
  /** Left out, or hidden, for readers who may not write. Not to be logged. */
  readonly SecretID?: string;
  readonly Description: string;
  readonly Local: boolean;
  readonly AuthMethod?: string;
  readonly CreateTime: string;
}

export interface ConsulAclPolicyWrite {
  readonly Name: string;
  readonly Description?: string;
  /** HCL or JSON. */
  readonly Rules?: string;
  readonly Datacenters?: readonly string[] | null;
}

export interface ConsulAclPolicy extends ConsulAclPolicyWrite, Kept {
  readonly ID: string;
}

export interface ConsulAclRoleWrite extends Grants {
  readonly Name: string;
  readonly Description?: string;
}

export interface ConsulAclRole extends ConsulAclRoleWrite, Kept {
  readonly ID: string;
}

export interface ConsulAuthMethodWrite {
  readonly Name: string;
  readonly Type: string;
  readonly DisplayName?: string;
  readonly Description?: string;
  readonly MaxTokenTTL?: string;
  readonly TokenLocality?: string;
  readonly Config?: { readonly [key: string]: Json };
}

export type ConsulAuthMethod = ConsulAuthMethodWrite & Kept;

export interface ConsulBindingRuleWrite {
  readonly AuthMethod: string;
  readonly Description?: string;
  readonly Selector?: string;
  readonly BindType: string;
  readonly BindName: string;
}

export interface ConsulBindingRule extends ConsulBindingRuleWrite, Kept {
  readonly ID: string;
}

export interface ConsulLogin {
  readonly AuthMethod: string;
  readonly BearerToken: string;
  readonly Meta?: StringMap;
}
