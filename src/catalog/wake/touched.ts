import type { Topic } from '../../model/index.js';

/** What a change set changes, told by the tables as they apply it. */
export interface TouchSink {
  /** A whole table: topic.nodes, topic.services, topic.checks… */
  table(name: Topic): void;
  /** Lower-cased names. */
  service(key: string): void;
  node(key: string): void;
  key(key: string): void;
  local(id: string): void;
}

/** Collected over one change set, so that each reader is woken once, after all of it. */
export class Touched implements TouchSink {
  readonly tables = new Set<string>();
  readonly services = new Set<string>();
  readonly nodes = new Set<string>();
  readonly keys = new Set<string>();
  readonly locals = new Set<string>();

  table(name: Topic): void {
    this.tables.add(name);
  }

  service(key: string): void {
    this.services.add(key);
  }

  node(key: string): void {
    this.nodes.add(key);
  }

  key(key: string): void {
    this.keys.add(key);
  }

  local(id: string): void {
    this.locals.add(id);
  }
}

/** While a snapshot loads: everybody is woken afterwards anyway. */
export const untold: TouchSink = { table() {}, service() {}, node() {}, key() {}, local() {} };
