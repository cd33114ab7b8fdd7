/** A log in the store whose entries have rising ids, and of which the oldest are deleted. */
export interface TailedLog<T> {
  /** The entries that follow one, the oldest first. */
  readonly readAfter: (id: number, limit: number) => Promise<readonly T[]>;
  /** The lowest and the highest id; undefined if there are none. */
  readonly findRange: () => Promise<{ readonly first: number; readonly last: number } | undefined>;
}

/** Bounds of a tail. */
export interface LogTailLimits {
  /** Entries that are kept in memory for readers that are nearly at the end. */
  readonly recentMax: number;
  /** Entries of one read from the store. */
  readonly pageMax: number;
}

/** Entries that a reader asked for were deleted, since they are old. */
export class EntriesDeleted extends Error {
  override readonly name = 'EntriesDeleted';
  /** The id of the last one that was deleted: read on after it. */
  readonly deletedTo: number;

  constructor(deletedTo: number) {
    super(`entries up to ${deletedTo} were deleted, since they are old`);
    this.deletedTo = deletedTo;
  }
}

const DEFAULT_LIMITS: LogTailLimits = { recentMax: 5_000, pageMax: 500 };

/**
 * The end of a log, for any number of readers: what is new is read from the store once for all of them. A reader that is
 * far behind reads from the store by itself, so that memory is bounded however slow readers are.
 */
export class LogTail<T extends { readonly id: number }> {
  readonly #log: TailedLog<T>;
  readonly #limits: LogTailLimits;
  /** The newest entries; those that follow `#recentAfter`. */
  #recent: T[] = [];
  #recentAfter = 0;
  #last = 0;
  #readers = 0;
  #isStale = false;
  #closed = false;
  #reading: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  constructor(log: TailedLog<T>, limits: Partial<LogTailLimits> = {}) {
    this.#log = log;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** The highest id that is known of. */
  get last(): number {
    return this.#last;
  }

  /** Whether somebody reads. */
  get hasReaders(): boolean {
    return this.#readers > 0;
  }

  /** Something was written. Readers get it soon; without readers, `refresh` finds out how far the log goes. */
  noteWritten(): void {
    this.#isStale = true;
    if (this.hasReaders) void this.refresh();
  }

  /** Reads what is new, if something was written. Never rejects: the next call tries again. */
  async refresh(): Promise<void> {
    if (!this.#isStale && this.#reading === undefined) return;
    this.#reading ??= this.#readNews().finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  /**
   * All entries that follow one, or that are written from now on, page by page, until `signal` aborts. Throws
   * EntriesDeleted if some of them were deleted, and what the store throws.
   */
  async *follow(after: number | undefined, signal: AbortSignal): AsyncGenerator<readonly T[], void, void> {
    this.#readers++;
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      // What was written while nobody read is in the store, and not in memory.
      await this.refresh();
      let last = after ?? this.#last;
      // A place that this log has never had: it was of another database, or of one that was restored since.
      if (last > this.#last) throw new EntriesDeleted(this.#last);
      while (!signal.aborted && !this.#closed) {
        const page = last >= this.#recentAfter ? this.#recentOnes(last) : await this.#readOld(last);
        const newest = page.at(-1);
        if (newest === undefined) {
          await new Promise<void>((resolve) => this.#waiting.push(resolve));
          continue;
        }
        last = newest.id;
        yield page;
      }
    } finally {
      this.#readers--;
      signal.removeEventListener('abort', wake);
    }
  }

  /** Ends all reading. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #recentOnes(after: number): readonly T[] {
    // Readers are nearly always at the end, so the search begins there.
    let from = this.#recent.length;
    while (from > 0 && (this.#recent[from - 1] as T).id > after) from--;
    return this.#recent.slice(from, from + this.#limits.pageMax);
  }

  async #readOld(after: number): Promise<readonly T[]> {
    const range = await this.#log.findRange();
    if (range !== undefined && range.first > after + 1) throw new EntriesDeleted(range.first - 1);
    const page = await this.#log.readAfter(after, this.#limits.pageMax);
    if (page.length > 0) return page;
    // All of them were deleted meanwhile, or the store is empty.
    throw new EntriesDeleted(Math.max(this.#recentAfter, after));
  }

  async #readNews(): Promise<void> {
    while (this.#isStale && !this.#closed) {
      this.#isStale = false;
      try {
        if (this.hasReaders) await this.#readPages();
        else await this.#jump();
      } catch {
        // The store's health is watched elsewhere; what was missed is read when it works again.
        this.#isStale = true;
        return;
      }
    }
  }

  async #readPages(): Promise<void> {
    const { pageMax, recentMax } = this.#limits;
    for (;;) {
      const page = await this.#log.readAfter(this.#last, pageMax);
      const newest = page.at(-1);
      if (newest === undefined) return;
      const first = (page[0] as T).id;
      if (first > this.#last + 1) {
        // Some may have been deleted in between: readers that are there find out in the store.
        this.#recent = [];
        this.#recentAfter = first - 1;
      }
      this.#last = newest.id;
      this.#recent.push(...page);
      const surplus = this.#recent.length - recentMax;
      if (surplus > 0) {
        const dropped = this.#recent.splice(0, surplus);
        this.#recentAfter = (dropped.at(-1) as T).id;
      }
      this.#wake();
      if (page.length < pageMax) return;
    }
  }

  /** Without readers only the end is of interest. */
  async #jump(): Promise<void> {
    const range = await this.#log.findRange();
    if (range === undefined || range.last <= this.#last) return;
    this.#recent = [];
    this.#last = range.last;
    this.#recentAfter = range.last;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
