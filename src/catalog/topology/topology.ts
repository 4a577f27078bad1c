/**
 * Nodes, services and checks: one graph, because a change of one is a change of the others' reads. Applies rows as
 * told, in any order, and keeps for each service and node the index of its last change (docs/contract.md section 1.6):
 *
 *  - a service: its live instances, their checks, their nodes and the nodes' checks;
 *  - a node: itself and its services;
 *  - a name that is not there: the index at which some service (node) last disappeared, so that removing the last
 *    instance raises the index that its readers see.
 *
 * Everything starts at the snapshot's index: what changed before it is not known.
 */
import { topic } from '../../model/index.js';
import type { CheckRow, NodeRow, ServiceRow } from '../../model/index.js';
import { slimCheck, slimNode, slimService } from '../tables/slim-row.js';
import { stamp } from '../tables/write.js';
import type { Write } from '../tables/write.js';
import { AddressIndex } from './address-index.js';
import {
  InstanceEntry,
  NodeEntry,
  ServiceEntry,
  addInstance,
  isBefore,
  removeInstance,
  withCheck,
  withoutCheck,
} from './entries.js';

export class Topology {
  readonly nodes = new Map<string, NodeEntry>();
  readonly services = new Map<string, ServiceEntry>();
  private readonly nodeAddresses = new AddressIndex<NodeEntry>((a, b) => a.key < b.key);
  private readonly serviceAddresses = new AddressIndex<InstanceEntry>(isBefore);
  nodesIndex: number;
  servicesIndex: number;
  checksIndex: number;
  /** Index at which some service lost its last instance. */
  serviceGoneIndex: number;
  /** Index at which some node was removed. */
  nodeGoneIndex: number;
  nodeCount = 0;
  instanceCount = 0;
  checkCount = 0;
  /** Written last: the next is probably similar. */
  private lastService: ServiceRow | undefined;
  private lastCheck: CheckRow | undefined;
  private readonly nodesById = new Map<string, NodeEntry>();

  constructor(startIndex: number) {
    this.nodesIndex = startIndex;
    this.servicesIndex = startIndex;
    this.checksIndex = startIndex;
    this.serviceGoneIndex = startIndex;
    this.nodeGoneIndex = startIndex;
  }

  nodeById(id: string): NodeEntry | undefined {
    return this.nodesById.get(id.toLowerCase());
  }

  /** The first by name. */
  nodeByAddress(ip: string): NodeRow | undefined {
    return this.nodeAddresses.first(ip, () => this.nodes.values())?.row;
  }

  /** The first by node, then id. */
  serviceByAddress(ip: string): ServiceRow | undefined {
    return this.serviceAddresses.first(ip, () => this.instances())?.row;
  }

  private *instances(): Iterable<InstanceEntry> {
    for (const node of this.nodes.values()) yield* node.instances.values();
  }

  // ---- nodes

  putNode(row: NodeRow, write: Write): NodeRow | undefined {
    const node = this.nodeEntry(row.node);
    const before = node.row;
    node.row = slimNode(row, stamp(row, before, write), write.pool);
    this.moveNode(node, before);
    if (!before) this.nodeCount++;
    this.touchNode(node, write);
    this.nodesTouched(write);
    if (before) this.touchServicesOf(node, write);
    else for (const instance of node.instances.values()) this.link(instance, write);
    return before;
  }

  deleteNode(key: string, write: Write): NodeRow | undefined {
    const node = this.nodes.get(key);
    const before = node?.row;
    if (!node || !before) return undefined;
    for (const instance of node.instances.values()) this.unlink(instance, write);
    node.row = undefined;
    this.moveNode(node, before);
    this.nodeCount--;
    this.nodeGoneIndex = write.index;
    this.touchNode(node, write);
    this.nodesTouched(write);
    this.dropIfEmpty(node);
    return before;
  }

  // ---- services

  putService(row: ServiceRow, write: Write): ServiceRow | undefined {
    const node = this.nodeEntry(row.node);
    const instance = instanceEntry(node, row.id);
    const before = instance.row;
    if (before && before.service.toLowerCase() !== row.service.toLowerCase()) this.unlink(instance, write);
    const held = { nodeName: node.name, id: instance.id };
    instance.row = this.lastService = slimService(row, stamp(row, before, write), write.pool, held, this.lastService);
    this.moveInstance(instance, before);
    this.touchNode(node, write);
    if (instance.service) {
      instance.service.tags = undefined;
      instance.view = undefined;
      this.touchService(instance.service, write);
      this.servicesTouched(write);
    } else {
      this.link(instance, write);
    }
    return before;
  }

  deleteService(nodeKey: string, id: string, write: Write): ServiceRow | undefined {
    const node = this.nodes.get(nodeKey);
    const instance = node?.instances.get(id);
    const before = instance?.row;
    if (!node || !instance || !before) return undefined;
    this.unlink(instance, write);
    instance.row = undefined;
    this.moveInstance(instance, before);
    this.touchNode(node, write);
    this.dropInstanceIfEmpty(instance);
    return before;
  }

  // ---- checks

  putCheck(row: CheckRow, write: Write): CheckRow | undefined {
    const node = this.nodeEntry(row.node);
    const before = node.checks.get(row.checkId);
    const moved = before !== undefined && before.serviceId !== row.serviceId;
    if (moved) this.detachCheck(node, before, write);
    const instance = row.serviceId === '' ? undefined : instanceEntry(node, row.serviceId);
    const held = { nodeName: node.name, serviceId: instance?.id ?? '' };
    const check = slimCheck(row, stamp(row, before, write), write.pool, held, this.lastCheck);
    this.lastCheck = check;
    node.checks.set(check);
    if (instance) instance.checks = withCheck(instance.checks, check);
    else node.ownChecks = withCheck(node.ownChecks, check);
    if (!before) this.checkCount++;
    this.checkTouched(node, instance, write);
    return before;
  }

  deleteCheck(nodeKey: string, checkId: string, write: Write): CheckRow | undefined {
    const node = this.nodes.get(nodeKey);
    const before = node?.checks.get(checkId);
    if (!node || !before) return undefined;
    node.checks.delete(checkId);
    this.checkCount--;
    this.detachCheck(node, before, write);
    this.dropIfEmpty(node);
    return before;
  }

  private detachCheck(node: NodeEntry, check: CheckRow, write: Write): void {
    const instance = check.serviceId === '' ? undefined : node.instances.get(check.serviceId);
    if (instance) instance.checks = withoutCheck(instance.checks, check.checkId);
    else node.ownChecks = withoutCheck(node.ownChecks, check.checkId);
    this.checkTouched(node, instance, write);
    if (instance) this.dropInstanceIfEmpty(instance);
  }

  private checkTouched(node: NodeEntry, instance: InstanceEntry | undefined, write: Write): void {
    this.checksIndex = write.index;
    write.touched.table(topic.checks);
    write.touched.node(node.key);
    if (!instance) this.touchServicesOf(node, write);
    else {
      instance.view = undefined;
      if (instance.service) this.touchService(instance.service, write);
    }
  }

  // ---- live instances

  /** Makes the instance live when both its row and its node's are there. */
  private link(instance: InstanceEntry, write: Write): void {
    const { row } = instance;
    if (!row) return;
    this.servicesTouched(write);
    if (!instance.node.row) return;
    const key = row.service.toLowerCase();
    let service = this.services.get(key);
    if (!service) this.services.set(key, (service = new ServiceEntry(key, row.service)));
    instance.service = service;
    addInstance(service, instance);
    service.tags = undefined;
    this.instanceCount++;
    this.touchService(service, write);
  }

  private unlink(instance: InstanceEntry, write: Write): void {
    if (instance.row) this.servicesTouched(write);
    const { service } = instance;
    if (!service) return;
    removeInstance(service, instance);
    instance.service = undefined;
    instance.view = undefined;
    service.tags = undefined;
    this.instanceCount--;
    this.touchService(service, write);
    if (service.instances.length > 0) return;
    this.services.delete(service.key);
    this.serviceGoneIndex = write.index;
  }

  // ---- entries

  private nodeEntry(name: string): NodeEntry {
    const key = name.toLowerCase();
    let node = this.nodes.get(key);
    if (!node) this.nodes.set(key, (node = new NodeEntry(key, name)));
    return node;
  }

  private dropInstanceIfEmpty(instance: InstanceEntry): void {
    if (instance.row || instance.checks.length > 0) return;
    instance.node.instances.delete(instance.id);
    this.dropIfEmpty(instance.node);
  }

  /** A forgotten node's index lives on in the index of absent nodes. */
  private dropIfEmpty(node: NodeEntry): void {
    if (!node.empty || !this.nodes.delete(node.key)) return;
    this.nodeGoneIndex = Math.max(this.nodeGoneIndex, node.index);
  }

  private moveNode(node: NodeEntry, before: NodeRow | undefined): void {
    const after = node.row;
    this.nodeAddresses.move(node, before?.address, after?.address);
    // Another node may have taken the id over before this one is removed.
    const oldId = before?.id.toLowerCase() ?? '';
    if (oldId !== '' && this.nodesById.get(oldId) === node) this.nodesById.delete(oldId);
    if (after && after.id !== '') this.nodesById.set(after.id.toLowerCase(), node);
  }

  private moveInstance(instance: InstanceEntry, before: ServiceRow | undefined): void {
    this.serviceAddresses.move(instance, before?.address, instance.row?.address);
  }

  // ---- indexes and wakes

  private touchServicesOf(node: NodeEntry, write: Write): void {
    for (const instance of node.instances.values()) {
      instance.view = undefined;
      if (instance.service) this.touchService(instance.service, write);
    }
  }

  private touchService(service: ServiceEntry, write: Write): void {
    service.index = write.index;
    service.view = undefined;
    write.touched.service(service.key);
  }

  private touchNode(node: NodeEntry, write: Write): void {
    node.index = write.index;
    write.touched.node(node.key);
  }

  private nodesTouched(write: Write): void {
    this.nodesIndex = write.index;
    write.touched.table(topic.nodes);
  }

  private servicesTouched(write: Write): void {
    this.servicesIndex = write.index;
    write.touched.table(topic.services);
  }
}

function instanceEntry(node: NodeEntry, id: string): InstanceEntry {
  let instance = node.instances.get(id);
  if (!instance) node.instances.set((instance = new InstanceEntry(node, id)));
  return instance;
}
