import type { Logger } from 'pino';
import { formatProblem, type Problem } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { CatalogKeeper } from './catalog-keeper.ts';
import type { CatalogStatus } from './catalog-status.ts';
import type { Generation } from './generation.ts';
import { CATALOG_FOLDERS } from './sources/catalog-tree.ts';
import type { CatalogLoad, CatalogLoads } from './threaded-catalog-loader.ts';
import { watchFolders } from './watch-folders.ts';

/** What a catalog depends on. */
export interface CatalogParts {
  readonly directory: string;
  readonly loader: CatalogLoads;
  /** Stores the last good catalog across restarts. */
  readonly keeper: CatalogKeeper;
  /**
   * Replaces the machines that the files declare, and calls `swap` in the turn of the event loop in which they take
   * effect, so that no request sees the groups of one load with the machines of another.
   */
  readonly publish: (machines: readonly Machine[], swap: () => void) => Promise<void>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Edits come in bursts: a `git checkout` writes hundreds of files. */
const SETTLE_MS = 200;
/** Maximum number of problems, and of warnings, that are logged for one load. */
const LOG_LINES_MAX = 100;

type Loaded = Extract<CatalogLoad, { kind: 'loaded' }>;

/**
 * Holds the generation that serves. Edits are loaded in the background and take effect all at once; an error affects
 * only the machines of the faulty document.
 */
export class Catalog {
  readonly #parts: CatalogParts;
  readonly #listeners = new Set<() => void>();
  #serving: Loaded | undefined;
  #keptAt: Date | undefined;
  #problems: readonly Problem[] = [];
  #warnings: readonly Problem[] = [];
  #checkedAt: Date;
  #loadMs: number | undefined;
  #loading: Promise<void> | undefined;
  #again = false;
  #isClosed = false;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#checkedAt = parts.now();
  }

  /** The generation that serves; undefined if there is none. */
  get generation(): Generation | undefined {
    return this.#serving?.generation;
  }

  status(): CatalogStatus {
    const serving = this.#serving;
    return {
      ...(serving !== undefined && { generation: this.#describe(serving) }),
      checkedAt: this.#checkedAt,
      ...(this.#loadMs !== undefined && { loadMs: this.#loadMs }),
      problems: this.#problems,
      warnings: this.#warnings,
      standIns: serving?.standIns ?? [],
    };
  }

  /** Calls `listener` after every load, good or bad; the returned function unsubscribes it. */
  onLoad(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files for the first time. Resolves when they serve, or when it is known that nothing can serve. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = this.onLoad(() => {
        stop();
        resolve();
      });
      void this.reload();
    });
  }

  /**
   * Reads the files again. Resolves when the new content serves and was rendered as a trial, or when the problems are
   * reported.
   */
  async reload(): Promise<void> {
    // The running load may have missed this change, so another load follows it.
    this.#again = true;
    if (this.#loading !== undefined) this.#parts.loader.hurry();
    this.#loading ??= this.#loadUntilSettled().finally(() => (this.#loading = undefined));
    await this.#loading;
  }

  /** Reloads whenever a file changes. Returns a function that stops this. */
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

  /** Stops a load that is running. Machines that are being published still take effect. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#parts.loader.close();
    await this.#loading;
  }

  async #loadUntilSettled(): Promise<void> {
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      await this.#load();
    }
  }

  async #load(): Promise<void> {
    const { loader, log, now } = this.#parts;
    const startedAt = now();
    log.debug('loading the catalog');
    let load: CatalogLoad | undefined;
    try {
      load = await loader.load(startedAt, () => this.#loadKept());
      if (load.kind === 'loaded') await this.#serve(load, startedAt);
      else this.#serveNothing(load.problems, startedAt);
    } catch (error) {
      if (this.#isClosed) return;
      // Whatever the error is, the generation that serves stays in use.
      log.error({ err: error, serving: this.generation?.id ?? 'nothing' }, 'the catalog could not be loaded');
      this.#problems = [
        { file: this.#parts.directory, message: `could not be loaded: ${(error as Error).message}` },
      ];
      this.#noteTime(startedAt);
    }
    for (const listener of this.#listeners) listener();
    if (load?.kind === 'loaded') await this.#tryOut(load);
  }

  async #loadKept(): Promise<Uint8Array | undefined> {
    const { keeper, log } = this.#parts;
    try {
      const kept = await keeper.loadKeptCatalog();
      this.#keptAt = kept?.keptAt;
      return kept?.content;
    } catch (error) {
      log.error({ err: error }, 'the stored copy of the catalog cannot be read from the store');
      return undefined;
    }
  }

  #noteTime(startedAt: Date): void {
    this.#checkedAt = this.#parts.now();
    this.#loadMs = this.#checkedAt.getTime() - startedAt.getTime();
  }

  #serveNothing(problems: readonly Problem[], startedAt: Date): void {
    const { log } = this.#parts;
    this.#noteTime(startedAt);
    this.#problems = problems;
    this.#warnings = [];
    const serving = this.generation?.id ?? 'nothing';
    log.error(
      { serving },
      'the catalog could not be read and no earlier copy is stored: nothing is served, and every machine waits',
    );
    this.#logAll('error', 'catalog problem', problems);
  }

  async #serve(load: Loaded, startedAt: Date): Promise<void> {
    const { log, publish } = this.#parts;
    const { from, problems, warnings } = load;
    const isNew = load.generation.id !== this.generation?.id || from !== this.#serving?.from;
    const wasOf = new Set(this.#problems.map(formatProblem));
    await publish(load.machines, () => {
      this.#serving = load;
      this.#problems = problems;
      this.#warnings = warnings;
      this.#noteTime(startedAt);
    });
    const { id: generation, loadedAt: _loadedAt, ...rest } = this.#describe(load);
    const counts = { generation, ...rest };
    if (from === 'kept') {
      log.error(counts, 'the catalog could not be read; the stored copy of the last good one serves');
    } else if (isNew) {
      log.info({ ...counts, loadMs: this.#loadMs }, 'catalog loaded');
      if (counts.profiles === 0 && problems.length === 0) {
        log.warn(
          { directory: this.#parts.directory },
          'the catalog is empty, so every machine waits: write profiles/ and groups/ there, or name another directory in catalog.dir',
        );
      }
    }
    if (problems.length > 0 && from === 'files') {
      log.error(
        { problems: problems.length, standIns: load.standIns.length },
        'the catalog has problems: the machines that they concern wait, all others are served',
      );
    }
    const isKnown = (problem: Problem): boolean => !isNew && wasOf.has(formatProblem(problem));
    this.#logAll(
      'error',
      'catalog problem',
      problems.filter((problem) => !isKnown(problem)),
    );
    if (isNew) this.#logAll('warn', 'catalog warning', warnings);
  }

  /** Renders everything as a trial while the generation already serves, and stores what is good. */
  async #tryOut({ from, generation, problems, tryOut, warnings }: Loaded): Promise<void> {
    const { keeper, log, now } = this.#parts;
    try {
      const trial = await tryOut();
      this.#problems = [...problems, ...trial.problems];
      this.#warnings = [...warnings, ...trial.warnings];
      this.#logAll('error', 'catalog problem', trial.problems);
      this.#logAll('warn', 'catalog warning', trial.warnings);
      if (trial.untried > 0) {
        log.info(
          { untried: trial.untried },
          'not everything was rendered as a trial; `railhead check` does so',
        );
      }
      if (trial.keep === undefined || from !== 'files') return;
      const keptAt = now();
      await keeper.keepCatalog({ generation: generation.id, keptAt, content: trial.keep });
      this.#keptAt = keptAt;
      log.info({ generation: generation.id, bytes: trial.keep.length }, 'catalog kept');
    } catch (error) {
      if (!this.#isClosed)
        log.error({ err: error }, 'the catalog serves, but could not be rendered as a trial and stored');
    }
  }

  #describe({ from, generation, machines }: Loaded): NonNullable<CatalogStatus['generation']> {
    const keptAt = from === 'kept' ? this.#keptAt : undefined;
    return {
      id: generation.id,
      loadedAt: generation.loadedAt,
      from,
      ...(keptAt !== undefined && { keptAt }),
      profiles: generation.profiles.size,
      groups: generation.groups.length,
      machines: machines.length,
    };
  }

  #logAll(level: 'error' | 'warn', message: string, problems: readonly Problem[]): void {
    const { log } = this.#parts;
    for (const problem of problems.slice(0, LOG_LINES_MAX))
      log[level]({ problem: formatProblem(problem) }, message);
    const left = problems.length - LOG_LINES_MAX;
    if (left > 0) log[level]({ left }, 'more are at GET /api/v1/catalog, and `railhead check` names all');
  }
}
