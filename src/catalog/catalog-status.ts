import type { Problem } from '../documents/problem.ts';
import type { StandIn } from './catalog-loader.ts';

/** The state of the catalog, for the log and for `GET /api/v1/catalog`. */
export interface CatalogStatus {
  /** Absent while nothing serves. */
  readonly generation?: {
    readonly id: string;
    readonly loadedAt: Date;
    /** `files`: the current files. `kept`: the last good ones, since the current ones cannot be read. */
    readonly from: 'files' | 'kept';
    /** When a `kept` generation was stored. */
    readonly keptAt?: Date;
    readonly profiles: number;
    readonly groups: number;
    readonly machines: number;
  };
  /** When the files were last read. */
  readonly checkedAt: Date;
  /** How long it took from reading until the generation served, in milliseconds. */
  readonly loadMs?: number;
  /** The problems of the current files. Machines that a problem concerns wait, all others are served. */
  readonly problems: readonly Problem[];
  /** What works but is probably a mistake. */
  readonly warnings: readonly Problem[];
  /** Files that cannot be used as they are, with the time of the version that is used instead. */
  readonly standIns: readonly StandIn[];
}
