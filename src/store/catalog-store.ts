/** A good catalog as bytes, in a format that only the catalog reads. */
export interface KeptCatalog {
  /** Id of the generation. */
  readonly generation: string;
  readonly keptAt: Date;
  /** May be tens of megabytes. */
  readonly content: Uint8Array;
}

/** Stores the last good catalog across restarts. */
export interface CatalogStore {
  /** Replaces the stored catalog. Until it resolves, and if it fails, the previous one stays stored. */
  keepCatalog(kept: KeptCatalog): Promise<void>;
  /** Undefined if none was ever stored. */
  loadKeptCatalog(): Promise<KeptCatalog | undefined>;
}
