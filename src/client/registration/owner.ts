import { ServiceDiscoveryError } from '../../model/index.js';

/**
 * Who an instance belongs to: the address and port registered under its id. A restart of the same program at the same
 * place is the same owner; whoever registers the id from elsewhere is another one.
 */
export interface Owner {
  /** '' when it is the node's. */
  readonly address: string;
  readonly port: number;
}

export function isSameOwner(a: Owner, b: Owner): boolean {
  return a.address === b.address && a.port === b.port;
}

export function conflict(id: string, ours: Owner, theirs: Owner): ServiceDiscoveryError {
  return new ServiceDiscoveryError(
    'CONFLICT',
    `${id} is registered by another owner: ${shown(theirs)}, not ${shown(ours)}`,
    {
      details: {
        id,
        ours: { address: ours.address, port: ours.port },
        theirs: { address: theirs.address, port: theirs.port },
        hint: 'Give each instance an id of its own, or stop the other one.',
      },
    },
  );
}

function shown({ address, port }: Owner): string {
  if (address === '') return `port ${port} at the node's address`;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
