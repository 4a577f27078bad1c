import type { ExecuteContext } from '../catalog/index.js';
import {
  decideQueryCreate,
  decideQueryDelete,
  decideQueryUpdate,
  executeQuery,
  explainQuery,
  QueryDirectory,
} from '../catalog/index.js';
import { notFound } from '../model/index.js';
import type { Caller, ExecuteOptions, QueryExecution, QueryRequest, QueryRow } from '../model/index.js';
import type { Core } from './core.js';
import { authorize } from './core.js';

/** Prepared queries (docs/contract.md section 3.10). Executing one only reads. */
export class QueryCommands {
  private readonly directory: QueryDirectory;
  private readonly context: ExecuteContext;

  constructor(private readonly core: Core) {
    this.directory = new QueryDirectory(core.catalog);
    this.context = { random: core.random, agentNode: core.self.name };
  }

  async createQuery(body: QueryRequest, caller?: Caller): Promise<string> {
    authorize(this.core, caller, 'query', body.Name ?? '');
    const { result } = await this.core.decide((head) => decideQueryCreate(head, body, this.core));
    return result;
  }

  async updateQuery(id: string, body: QueryRequest, caller?: Caller): Promise<void> {
    authorize(this.core, caller, 'query', body.Name ?? '');
    await this.core.decide((head) => decideQueryUpdate(head, id, body));
  }

  async deleteQuery(id: string, caller?: Caller): Promise<void> {
    authorize(this.core, caller, 'query', this.core.catalog.query(id)?.name ?? '');
    await this.core.decide((head) => decideQueryDelete(head, id));
  }

  executeQuery(nameOrId: string, options: ExecuteOptions = {}): QueryExecution {
    const { datacenter } = this.core.catalog;
    if ((options.datacenter || datacenter) !== datacenter) throw notFound('No path to datacenter');
    return executeQuery(this.core.catalog, this.directory, nameOrId, options, this.context);
  }

  explainQuery(nameOrId: string): QueryRow {
    return explainQuery(this.directory, nameOrId);
  }
}
