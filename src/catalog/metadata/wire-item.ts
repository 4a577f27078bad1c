import type { InstanceView, StringMap } from '../../model/index.js';
import { checkToWire, nodeServiceToWire, nodeToWire } from '../../model/index.js';
import { fieldNamed } from './fields.js';
import { type IsPrivate, redactMeta } from './redact.js';

/** The item that texts select from, each part made only when a filter reads it. */
export class WireItem {
  readonly #instance: InstanceView;
  readonly #isPrivate: IsPrivate;

  constructor(instance: InstanceView, isPrivate: IsPrivate) {
    this.#instance = instance;
    this.#isPrivate = isPrivate;
  }

  get Node(): object {
    const { node } = this.#instance;
    return { ...nodeToWire(node), Meta: redactMeta(node.meta, this.#isPrivate) };
  }

  get Service(): object {
    return { ...nodeServiceToWire(this.#instance.service), Meta: this.meta };
  }

  get Checks(): readonly object[] {
    return this.#instance.checks.map(checkToWire);
  }

  get meta(): StringMap | null {
    return redactMeta(this.#instance.service.meta, this.#isPrivate);
  }

  get service(): string {
    return this.#instance.service.service;
  }

  get node(): string {
    return this.#instance.node.node;
  }

  get id(): string {
    return this.#instance.service.id;
  }

  get address(): string {
    return this.#instance.service.address || this.#instance.node.address;
  }

  get port(): number {
    return this.#instance.service.port;
  }

  get datacenter(): string {
    return this.#instance.node.datacenter;
  }

  get health(): string {
    return this.#instance.status;
  }

  get tag(): readonly string[] {
    return this.#instance.service.tags;
  }

  get tags(): readonly string[] {
    return this.#instance.service.tags;
  }

  get capabilities(): readonly string[] {
    return this.#values('capabilities');
  }

  get version(): string | undefined {
    return this.#values('version')[0];
  }

  get type(): string | undefined {
    return this.#values('type')[0];
  }

  get environment(): string | undefined {
    return this.#values('environment')[0];
  }

  get region(): string | undefined {
    return this.#values('region')[0];
  }

  get zone(): string | undefined {
    return this.#values('zone')[0];
  }

  #values(field: string): readonly string[] {
    return fieldNamed(field).valuesOf(this.#instance);
  }
}
