import { BlockList, isIP } from 'node:net';
import { invalid } from '../model/index.js';

/** The networks that checks may connect to, when the agent's owner names some. Asked for every address dialled. */
export interface AllowedNetworks {
  allows(address: string): boolean;
}

/** From CIDR texts such as `10.0.0.0/8`, `::1/128`; a bare address is that address alone. */
export function allowedNetworks(cidrs: readonly string[]): AllowedNetworks {
  const networks = new BlockList();
  for (const cidr of cidrs) addNetwork(networks, cidr);
  return {
    allows: (address) => {
      const bare = address.split('%', 1)[0] ?? '';
      const family = isIP(bare);
      return family !== 0 && networks.check(bare, family === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

function addNetwork(networks: BlockList, cidr: string): void {
  const [address = '', prefix, ...rest] = cidr.split('/');
  const family = isIP(address);
  const longest = family === 6 ? 128 : 32;
  const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || rest.length > 0 || !(bits <= longest)) {
    throw invalid(`"${cidr}" is not a network: expected an address and a prefix length such as 10.0.0.0/8`);
  }
  networks.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
}
