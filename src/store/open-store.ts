import { PartedCatalog } from './parted-catalog.ts';
import type { SqliteSettings } from './sqlite/sqlite-connection.ts';
import { openThreadedSqlite } from './sqlite/threaded-sqlite.ts';
import type { DatabaseStore, Store } from './store.ts';

/** Opens the store that the settings name. Rejects with an Error that names it and says what to do. */
export async function openStore(settings: SqliteSettings): Promise<Store> {
  return completeStore(await openThreadedSqlite(settings));
}

/** The store that a database makes. */
export function completeStore({ catalogParts, ...others }: DatabaseStore): Store {
  return { ...others, catalog: new PartedCatalog(catalogParts) };
}
