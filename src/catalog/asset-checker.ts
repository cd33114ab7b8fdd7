import { setTimeout as delay } from 'node:timers/promises';
import { type Problem, sortProblems } from '../documents/problem.ts';
import { findAssetFault } from './find-asset-fault.ts';
import type { AssetUse } from './trial-rendering.ts';

/** What was found in the folder behind `/assets/`. */
export interface AssetFaults {
  /** A warning for each file that machines would load and that cannot be served. */
  readonly faults: readonly Problem[];
  /** Number of files that were not looked at, because the time was over or the disk does not answer. */
  readonly untried: number;
}

/** How often a look that takes long asks whether its time is over. */
const POLL_MS = 50;
/** A disk that has not answered for so long is reported. */
const HANGING_MS = 1_000;

/**
 * Checks that the files that machines would load are in the folder behind `/assets/`. The folder may be on a file server
 * that hangs: nobody waits for it longer than `isOver` allows, and at most one look waits in the kernel, where it
 * occupies one of the few threads that the whole process has for files.
 */
export class AssetChecker {
  readonly #directory: string;
  readonly #findFault: typeof findAssetFault;
  #looking: Promise<string | undefined> | undefined;
  #waitedMs = 0;

  /** `findFault` replaces the look at a file in tests. */
  constructor(directory: string, findFault = findAssetFault) {
    this.#directory = directory;
    this.#findFault = findFault;
  }

  /** Looks at the files, named as in URLs. Never rejects. */
  async check(
    assets: ReadonlyMap<string, AssetUse>,
    isOver: () => boolean = () => false,
  ): Promise<AssetFaults> {
    const faults: Problem[] = [];
    let untried = 0;
    for (const [asset, { group, place }] of assets) {
      // A look that an earlier check did not wait for.
      if (!isOver()) await this.#wait(isOver);
      if (isOver() || this.#looking !== undefined) {
        untried++;
        continue;
      }
      this.#looking = this.#findFault(this.#directory, asset);
      const fault = await this.#wait(isOver);
      if (this.#looking !== undefined) untried++;
      else if (fault !== undefined) {
        const message = `assets/${asset} ${fault}, and machines of group ${group} would load it`;
        faults.push({ ...place, message });
      }
    }
    if (this.#looking !== undefined && this.#waitedMs >= HANGING_MS) {
      const message = 'does not answer, so it is unknown whether the files that profiles name are there';
      faults.push({ file: this.#directory, message });
    }
    return { faults: sortProblems(faults), untried };
  }

  /** Waits for the look that is running, and returns its result; it is still running if the time was over first. */
  async #wait(isOver: () => boolean): Promise<string | undefined> {
    const looking = this.#looking?.then((fault) => ({ fault }));
    while (looking !== undefined) {
      const timer = new AbortController();
      const ended = await Promise.race([
        looking,
        delay(POLL_MS, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
      if (ended !== undefined) {
        this.#looking = undefined;
        this.#waitedMs = 0;
        return ended.fault;
      }
      this.#waitedMs += POLL_MS;
      if (isOver()) return undefined;
    }
    return undefined;
  }
}
