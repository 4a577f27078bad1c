import { MetadataManager } from '../catalog/index.js';
import type { CatalogView } from '../model/index.js';

/** Search over each catalog that somebody searched, for as long as the catalog is there. */
export class Searches {
  private readonly made = new WeakMap<CatalogView, MetadataManager>();

  constructor(private readonly options: ConstructorParameters<typeof MetadataManager>[1]) {}

  of(catalog: CatalogView): MetadataManager {
    const known = this.made.get(catalog);
    if (known) return known;
    const search = new MetadataManager(catalog, this.options);
    this.made.set(catalog, search);
    return search;
  }
}
