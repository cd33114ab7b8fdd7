import type { CatalogKeeper, KeptCatalog } from '../../src/catalog/catalog-keeper.ts';

/** Keeps a catalog in memory. */
export class FakeCatalogKeeper implements CatalogKeeper {
  kept: KeptCatalog | undefined;

  keepCatalog(kept: KeptCatalog): Promise<void> {
    this.kept = kept;
    return Promise.resolve();
  }

  loadKeptCatalog(): Promise<KeptCatalog | undefined> {
    return Promise.resolve(this.kept);
  }
}
