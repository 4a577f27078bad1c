import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulFilterOptions, ConsulReadOptions } from './options.js';

/** Kinds of things of access control that are kept alike: PUT acl/policy, acl/policy/:id, acl/policies… */
export class AclTable<Item extends object, Write extends object> {
  constructor(
    protected readonly calls: Calls,
    private readonly one: string,
    private readonly many: string,
  ) {}

  list(options: ConsulReadOptions & ConsulFilterOptions = {}): Promise<ConsulAnswer<Item[]>> {
    return this.calls.list(`/v1/acl/${this.many}`, options, { query: { filter: options.filter } });
  }

  /** NOT_FOUND when there is none; before Consul 1.14 PERMISSION_DENIED. */
  get(id: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<Item>> {
    return this.calls.object(path`/v1/acl/${this.one}/${{ id }}`, options);
  }

  create(item: Write, options: ConsulCallOptions = {}): Promise<Item> {
    return this.calls.write('PUT', `/v1/acl/${this.one}`, options, { body: item });
  }

  update(id: string, item: Write, options: ConsulCallOptions = {}): Promise<Item> {
    return this.calls.write('PUT', path`/v1/acl/${this.one}/${{ id }}`, options, { body: item });
  }

  delete(id: string, options: ConsulCallOptions = {}): Promise<boolean> {
    return this.calls.write('DELETE', path`/v1/acl/${this.one}/${{ id }}`, options);
  }
}

/** Those that have names beside their ids. */
export class NamedAclTable<Item extends object, Write extends object> extends AclTable<Item, Write> {
  constructor(
    calls: Calls,
    private readonly kind: string,
    many: string,
  ) {
    super(calls, kind, many);
  }

  getByName(name: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<Item>> {
    return this.calls.object(path`/v1/acl/${this.kind}/name/${{ name }}`, options);
  }
}
