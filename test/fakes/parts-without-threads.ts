import type { ReplaceableParts } from '../../src/app/replaceable-parts.ts';
import { completeStore } from '../../src/store/open-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { StoreHealth } from '../../src/store/store-health.ts';
import { InlineCatalogLoader } from './inline-catalog-loader.ts';

/** The program's SQLite store and catalog loader in the test's own thread: a worker thread takes a second to start. */
export const PARTS_WITHOUT_THREADS: ReplaceableParts = {
  openStore: async (settings, parts) => {
    if ('url' in settings) throw new Error('these parts have SQLite alone');
    const health = new StoreHealth(parts);
    return { store: completeStore(health.watch(await openSqliteStore(settings))), health };
  },
  catalogLoader: (place) => new InlineCatalogLoader(place),
  checkAnswers: true,
};
