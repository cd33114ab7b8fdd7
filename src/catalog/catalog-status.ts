import type { Problem } from '../documents/problem.ts';
import type { StandIn } from './catalog-loader.ts';

/** What the catalog's state is, for people and for `GET /api/v1/catalog`. */
export interface CatalogStatus {
  /** Absent while nothing serves. */
  readonly generation?: {
    readonly id: string;
    readonly loadedAt: Date;
    /** `files`: the files as they are. `kept`: the last good ones, since those of now cannot be read. */
    readonly from: 'files' | 'kept';
    /** Of a kept generation, when it was kept. */
    readonly keptAt?: Date;
    readonly profiles: number;
    readonly groups: number;
    readonly machines: number;
  };
  /** When the files were last read. */
  readonly checkedAt: Date;
  /** How long that took until it served, in milliseconds. */
  readonly loadMs?: number;
  /** What is wrong with the files as they are now. What a problem concerns waits, and everything else serves. */
  readonly problems: readonly Problem[];
  /** What works, and is odd. */
  readonly warnings: readonly Problem[];
  /** Files that cannot be used as they are, and since when there is the version that stands in for them. */
  readonly standIns: readonly StandIn[];
}
