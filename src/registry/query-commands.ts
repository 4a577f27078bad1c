import type { RegistryCommands } from '../model/index.js';
import { ServiceDiscoveryError } from '../model/index.js';

type Queries = Pick<RegistryCommands, 'createQuery' | 'updateQuery' | 'deleteQuery' | 'executeQuery' | 'explainQuery'>;

function unsupported(): never {
  throw new ServiceDiscoveryError('UNSUPPORTED', 'prepared queries are not supported yet');
}

export class QueryCommands implements Queries {
  createQuery: Queries['createQuery'] = () => unsupported();
  updateQuery: Queries['updateQuery'] = () => unsupported();
  deleteQuery: Queries['deleteQuery'] = () => unsupported();
  executeQuery: Queries['executeQuery'] = () => unsupported();
  explainQuery: Queries['explainQuery'] = () => unsupported();
}
