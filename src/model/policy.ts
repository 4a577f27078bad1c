export type ResourceKind =
  | 'agent'
  | 'node'
  | 'service'
  | 'key'
  | 'session'
  | 'event'
  | 'query'
  | 'operator'
  | 'acl'
  | 'keyring'
  | 'mesh';

interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
}

export type Action = 'read' | 'list' | 'write';

/** Asked by the registry (writes) and by HTTP and DNS (reads). Pure: same arguments, same answer, until replaced. */
export type Policy = (token: string, resource: Resource, action: Action) => boolean;

/** ACLs off: everything is allowed to everybody who can reach the agent. */
export const allowAll: Policy = () => true;
