import { type CatalogLoads, ThreadedCatalogLoader } from '../catalog/threaded-catalog-loader.ts';
import { openStore } from '../store/open-store.ts';

/** Parts of the program that have another form in tests: there without threads, in memory, or with faults. */
export interface ReplaceableParts {
  /** Opens the store. */
  readonly openStore: typeof openStore;
  /** What loads the catalog in a directory. */
  readonly catalogLoader: (directory: string) => CatalogLoads;
}

/** The parts of the running program. */
export const PROGRAM_PARTS: ReplaceableParts = {
  openStore,
  catalogLoader: (directory) => new ThreadedCatalogLoader({ directory }),
};
