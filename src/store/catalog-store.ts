/** A catalog that served well, as bytes that its owner can read again. */
export interface KeptCatalog {
  /** Id of the generation. */
  readonly generation: string;
  readonly keptAt: Date;
  /** May be tens of megabytes. */
  readonly content: Uint8Array;
}

/** Keeps the last good catalog across restarts. */
export interface CatalogStore {
  /** Replaces what was kept. Until it resolves, and if it fails, the former catalog stays. */
  keepCatalog(kept: KeptCatalog): Promise<void>;
  /** Undefined if none was ever kept. */
  loadKeptCatalog(): Promise<KeptCatalog | undefined>;
}
