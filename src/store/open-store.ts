import type { KeptCatalog } from './catalog-store.ts';
import type { EventReader } from './event-store.ts';
import { PartedCatalog } from './parted-catalog.ts';
import { openPostgresCatalog, openPostgresEvents } from './postgres/postgres-reader.ts';
import { openPostgresStore } from './postgres/postgres-store.ts';
import type { PostgresSettings } from './postgres/postgres-connection.ts';
import type { SqliteSettings } from './sqlite/sqlite-connection.ts';
import { openSqliteCatalog, openSqliteEvents } from './sqlite/sqlite-store.ts';
import { openThreadedSqlite } from './sqlite/threaded-sqlite.ts';
import { StoreHealth, type StoreHealthParts } from './store-health.ts';
import type { DatabaseStore, Store } from './store.ts';

/** Which database to open, and how. */
export type StoreSettings = SqliteSettings | PostgresSettings;

/** A store, and its health. */
export interface OpenedStore {
  readonly store: Store;
  readonly health: StoreHealth;
}

/** Opens the store that the settings name. Rejects with an Error that names it and says what to do. */
export async function openStore(settings: StoreSettings, parts: StoreHealthParts): Promise<OpenedStore> {
  const database = await ('url' in settings ? openPostgresStore(settings) : openThreadedSqlite(settings));
  const health = new StoreHealth(parts);
  return { store: completeStore(health.watch(database)), health };
}

/**
 * Opens the store of a running server to read its events. Rejects with an Error that names it and says what to do.
 */
export async function openEventReader(settings: StoreSettings): Promise<EventReader> {
  return 'url' in settings ? openPostgresEvents(settings) : openSqliteEvents(settings.file);
}

/** How often a catalog is read again that the running server has replaced meanwhile. */
const READ_TRIES = 3;

/**
 * The catalog in the store of a server, running or not: its lock is not needed, and nothing is created or migrated.
 * Undefined if none was kept. Rejects with an Error that names the store and says what to do.
 */
export async function readKeptCatalog(settings: StoreSettings): Promise<KeptCatalog | undefined> {
  const reader = 'url' in settings ? await openPostgresCatalog(settings) : openSqliteCatalog(settings.file);
  try {
    const catalog = new PartedCatalog(reader.catalogParts);
    for (let tries = 1; ; tries++) {
      const before = await reader.catalogParts.findKept();
      const kept = await catalog.loadKeptCatalog();
      const after = await reader.catalogParts.findKept();
      // Parts are deleted only after another catalog has taken the place of this one.
      if (before?.contentId === after?.contentId || tries === READ_TRIES) return kept;
    }
  } finally {
    await reader.close();
  }
}

/** Makes the store of a database. */
export function completeStore({ catalogParts, upkeep: _upkeep, ...others }: DatabaseStore): Store {
  return { ...others, catalog: new PartedCatalog(catalogParts) };
}
