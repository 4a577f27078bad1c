/** Which address of an instance or a node an answer shows (docs/contract.md section 5.2). */
import type { InstanceView, NodeRow } from '../../model/index.js';
import { foldName, nameFromText, parseIp, typeCodes } from '../wire/index.js';
import type { IpAddress } from '../wire/index.js';

export type Where =
  /** `plainNode`: the node's Address itself, so the node's name leads to it. */
  | { readonly type: 'ip'; readonly ip: IpAddress; readonly plainNode: boolean }
  | { readonly type: 'name'; readonly name: string };

/** Address families a question asks for; 'any' prefers IPv6. */
type Wants = 'v4' | 'v6' | 'any';

function wantsOf(type: number): Wants {
  return type === typeCodes.A ? 'v4' : type === typeCodes.AAAA ? 'v6' : 'any';
}

/** Undefined when what is registered can be no address and no name. */
export function whereIsInstance(instance: InstanceView, type: number, asked: string): Where | undefined {
  const address = serviceAddress(instance, type);
  if (address === '') return whereIsNode(instance.node, type);
  const where = whereIs(address, false);
  // An address that is the asked name itself would lead nowhere.
  if (where?.type === 'name' && foldName(where.name) === foldName(asked)) return whereIsNode(instance.node, type);
  return where;
}

export function serviceAddress(instance: InstanceView, type: number): string {
  const { service } = instance;
  return choose(wantsOf(type), (label) => service.taggedAddresses?.[label]?.Address, service.address);
}

export function whereIsNode(node: NodeRow, type: number): Where | undefined {
  const address = choose(wantsOf(type), (label) => node.taggedAddresses?.[label], node.address);
  return whereIs(address, address === node.address);
}

function choose(wants: Wants, tagged: (label: string) => string | undefined, plain: string): string {
  const v6 = wants === 'v4' ? undefined : tagged('lan_ipv6');
  const v4 = wants === 'v6' ? undefined : tagged('lan_ipv4');
  return v6 || v4 || plain;
}

function whereIs(address: string, plainNode: boolean): Where | undefined {
  const ip = parseIp(address);
  if (ip) return { type: 'ip', ip, plainNode };
  const name = nameFromText(address);
  return name === undefined ? undefined : { type: 'name', name };
}

/** Whether a question of this type is answered with addresses of that family. TXT on a service shows its addresses. */
export function fits(type: number, family: 4 | 6): boolean {
  switch (type) {
    case typeCodes.A:
      return family === 4;
    case typeCodes.AAAA:
      return family === 6;
    default:
      return type === typeCodes.ANY || type === typeCodes.TXT;
  }
}
