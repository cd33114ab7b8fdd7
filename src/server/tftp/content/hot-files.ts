/** Maximum memory for files, in bytes. */
export interface HotFileLimits {
  readonly fileBytesMax: number;
  readonly totalBytesMax: number;
}

export const HOT_FILE_DEFAULTS: HotFileLimits = { fileBytesMax: 16 << 20, totalBytesMax: 64 << 20 };

interface HotFile {
  readonly bytes: Promise<Uint8Array>;
  readonly size: number;
  users: number;
}

/** A file in memory; each user calls `release` when done. */
export interface HotFileLease {
  readonly bytes: Uint8Array;
  release(): void;
}

/**
 * Keeps files that machines request repeatedly in memory, so that a rack that boots at once reads them once. Files that
 * were not used for longest are removed first. Files in use cannot be removed: while they fill the limit, further files
 * are streamed instead.
 */
export class HotFiles {
  readonly #limits: HotFileLimits;
  /** In order of last use. */
  readonly #files = new Map<string, HotFile>();
  #total = 0;

  constructor(limits: HotFileLimits = HOT_FILE_DEFAULTS) {
    this.#limits = limits;
  }

  /** Bytes that the files occupy now. */
  get totalBytes(): number {
    return this.#total;
  }

  /**
   * The file, from memory or by `read`, which is called once for all simultaneous requests; undefined if it does not
   * fit. `key` must change when the file does. Rejects as `read` does.
   */
  async use(key: string, size: number, read: () => Promise<Uint8Array>): Promise<HotFileLease | undefined> {
    let file = this.#files.get(key);
    if (file === undefined) {
      if (!this.#makeRoom(size)) return undefined;
      file = { bytes: read(), size, users: 0 };
      this.#total += size;
    }
    // Deleting it first moves it to the end, as the one used last.
    this.#files.delete(key);
    this.#files.set(key, file);
    const taken = file;
    taken.users++;
    try {
      const bytes = await taken.bytes;
      return { bytes, release: once(() => taken.users--) };
    } catch (error) {
      taken.users--;
      if (this.#files.get(key) === taken) this.#drop(key, taken);
      throw error;
    }
  }

  #makeRoom(size: number): boolean {
    if (size > this.#limits.fileBytesMax) return false;
    for (const [key, file] of this.#files) {
      if (this.#total + size <= this.#limits.totalBytesMax) break;
      if (file.users === 0) this.#drop(key, file);
    }
    return this.#total + size <= this.#limits.totalBytesMax;
  }

  #drop(key: string, file: HotFile): void {
    this.#files.delete(key);
    this.#total -= file.size;
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
