import type { Logger } from 'pino';
import { formatProblem, type Problem } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { CATALOG_FOLDERS } from './catalog-files.ts';
import type { Generation } from './generation.ts';
import type { LoadedCatalog } from './load-catalog.ts';
import { watchFolders } from './watch-folders.ts';

/** What the catalog's state is, for people and for `GET /api/v1/catalog`. */
export interface CatalogStatus {
  /** Absent until a first generation was good. */
  readonly generation?: {
    readonly id: string;
    readonly loadedAt: Date;
    readonly profiles: number;
    readonly groups: number;
    readonly machines: number;
  };
  /** When the files were last read. */
  readonly checkedAt: Date;
  /** What is wrong with the files as they are now; the generation above goes on serving. */
  readonly problems: readonly Problem[];
}

/** What a catalog is made with. */
export interface CatalogParts {
  readonly directory: string;
  readonly load: () => Promise<LoadedCatalog>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Edits come in bursts: a `git checkout` writes hundreds of files. */
const SETTLE_MS = 200;

/**
 * Holds the generation that serves. Edits are loaded aside and swapped in whole; a broken edit is reported and changes
 * nothing.
 */
export class Catalog {
  readonly #parts: CatalogParts;
  readonly #listeners = new Set<() => void>();
  #generation: Generation | undefined;
  #machines: readonly Machine[] = [];
  #problems: readonly Problem[] = [];
  #checkedAt: Date;
  #loading: Promise<void> | undefined;
  #again = false;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#checkedAt = parts.now();
  }

  /** The generation that serves; undefined until a first one was good. */
  get generation(): Generation | undefined {
    return this.#generation;
  }

  /** What machines/ declares, as of the generation that serves. */
  get machines(): readonly Machine[] {
    return this.#machines;
  }

  status(): CatalogStatus {
    const generation = this.#generation;
    return {
      ...(generation !== undefined && {
        generation: {
          id: generation.id,
          loadedAt: generation.loadedAt,
          profiles: generation.profiles.size,
          groups: generation.groups.length,
          machines: this.#machines.length,
        },
      }),
      checkedAt: this.#checkedAt,
      problems: this.#problems,
    };
  }

  /** Calls `listener` after every load, good or bad; the function returned ends that. */
  onLoad(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files again. Resolves when what they hold now is served, or reported. */
  async reload(): Promise<void> {
    // A change during a load may have been missed by it, so that one more is due.
    this.#again = true;
    this.#loading ??= this.#loadUntilSettled().finally(() => (this.#loading = undefined));
    await this.#loading;
  }

  /** Reloads whenever a file changes. Returns how to stop. */
  async watch(): Promise<() => Promise<void>> {
    const { directory, log } = this.#parts;
    let timer: NodeJS.Timeout | undefined;
    const stop = await watchFolders(
      CATALOG_FOLDERS.map((folder) => `${directory}/${folder}`),
      {
        changed: () => {
          clearTimeout(timer);
          timer = setTimeout(() => void this.reload(), SETTLE_MS);
        },
        failed: (error) => log.error({ err: error }, 'the catalog cannot be watched; edits need a restart'),
      },
    );
    return async () => {
      clearTimeout(timer);
      await stop();
    };
  }

  async #loadUntilSettled(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#load();
    }
  }

  async #load(): Promise<void> {
    const { load, log, now } = this.#parts;
    try {
      this.#accept(await load());
    } catch (error) {
      // Whatever this is, the generation that serves is not touched by it.
      log.error({ err: error }, 'the catalog could not be loaded');
      this.#problems = [
        { file: this.#parts.directory, message: `could not be loaded: ${(error as Error).message}` },
      ];
    }
    this.#checkedAt = now();
    for (const listener of this.#listeners) listener();
  }

  #accept(loaded: LoadedCatalog): void {
    const { log } = this.#parts;
    if (loaded.kind === 'generation') {
      const { generation, machines } = loaded;
      const isNew = generation.id !== this.#generation?.id;
      if (isNew) {
        this.#generation = generation;
        this.#machines = machines;
      }
      this.#problems = [];
      if (!isNew) return;
      const { id, profiles, groups } = generation;
      log.info(
        { generation: id, profiles: profiles.size, groups: groups.length, machines: machines.length },
        'catalog loaded',
      );
      if (profiles.size === 0) {
        log.warn(
          { directory: this.#parts.directory },
          'the catalog is empty, so every machine waits: write profiles/ and groups/ there, or name another directory in catalog.dir',
        );
      }
      return;
    }
    this.#problems = loaded.problems;
    const serving = this.#generation?.id ?? 'none';
    log.error(
      { problems: loaded.problems.length, serving },
      'the catalog has problems; the last good generation serves',
    );
    for (const problem of loaded.problems.slice(0, 100))
      log.error({ problem: formatProblem(problem) }, 'catalog problem');
  }
}
