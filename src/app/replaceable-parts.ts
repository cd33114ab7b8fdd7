import type { CatalogPlace } from '../catalog/load-messages.ts';
import { type CatalogLoads, ThreadedCatalogLoader } from '../catalog/threaded-catalog-loader.ts';
import { openStore } from '../store/open-store.ts';

/** Parts of the program that have another form in tests: there without threads, in memory, or with faults. */
export interface ReplaceableParts {
  /** Opens the store. */
  readonly openStore: typeof openStore;
  /** What loads a catalog. */
  readonly catalogLoader: (place: CatalogPlace) => CatalogLoads;
  /** Whether every answer of the API is compared with its schema. */
  readonly checkAnswers: boolean;
}

/** The parts of the running program. */
export const PROGRAM_PARTS: ReplaceableParts = {
  openStore,
  catalogLoader: (place) => new ThreadedCatalogLoader({ place }),
  checkAnswers: false,
};
