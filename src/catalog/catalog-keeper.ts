/** A good catalog as bytes, in a format that only the catalog reads. */
export interface KeptCatalog {
  /** Id of the generation. */
  readonly generation: string;
  readonly keptAt: Date;
  /** May be tens of megabytes. */
  readonly content: Uint8Array;
}

/** Keeps the last good catalog across restarts; a store does. */
export interface CatalogKeeper {
  /** Replaces what was kept. */
  keepCatalog(kept: KeptCatalog): Promise<void>;
  /** Undefined if none was ever kept. */
  loadKeptCatalog(): Promise<KeptCatalog | undefined>;
}
