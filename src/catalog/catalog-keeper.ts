/** A good catalog as bytes, in a format that only the catalog reads. */
export interface KeptCatalog {
  /** Id of the generation. */
  readonly generation: string;
  readonly keptAt: Date;
  /** May be tens of megabytes. */
  readonly content: Uint8Array;
}

/** Stores the last good catalog across restarts; implemented by a store. */
export interface CatalogKeeper {
  /** Replaces the stored catalog. */
  keepCatalog(kept: KeptCatalog): Promise<void>;
  /** Undefined if none was ever stored. */
  loadKeptCatalog(): Promise<KeptCatalog | undefined>;
}
