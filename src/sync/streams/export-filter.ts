import type { SyncedRecord } from './record.js';

/** What members of one other datacenter are shown: nodes and their checks always, services by name. */
export class ExportFilter {
  private readonly names = new Set<string>();
  private readonly prefixes: string[] = [];

  /** Names of services in any case; one ending in `*` stands for all that begin so. */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns.map((given) => given.toLowerCase())) {
      if (pattern.endsWith('*')) this.prefixes.push(pattern.slice(0, -1));
      else this.names.add(pattern);
    }
  }

  /** A deletion is shown to whom the row was, and when nobody knows of what. */
  shows(record: SyncedRecord): boolean {
    if (record.service === undefined || (!record.row && record.wasOfOthers)) return true;
    return this.allows(record.service);
  }

  /** Not shown itself, but an earlier row under this identity may have been: gone, for them. */
  withdraws(record: SyncedRecord): boolean {
    return record.wasOfOthers && !this.shows(record);
  }

  private allows(service: string): boolean {
    if (service === '') return true;
    const name = service.toLowerCase();
    return this.names.has(name) || this.prefixes.some((prefix) => name.startsWith(prefix));
  }
}
