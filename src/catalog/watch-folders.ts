import { stat } from 'node:fs/promises';
import { type FSWatcher, watch } from 'chokidar';

/** How often to check whether a folder was created, removed or replaced. */
const LOOK_INTERVAL_MS = 2_000;

/** The callbacks of a watcher. */
export interface FolderListener {
  /** Something below one of the folders changed. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Watches folders that may not exist yet. Each is watched by itself and never its parent directory, where the database
 * may be, so that every lease would be reported as a change. Resolves when it is watching; the returned function stops
 * it.
 */
export async function watchFolders(
  folders: readonly string[],
  listener: FolderListener,
  lookIntervalMs = LOOK_INTERVAL_MS,
): Promise<() => Promise<void>> {
  const watched = folders.map((folder) => new WatchedFolder(folder, listener));
  await Promise.all(watched.map((folder) => folder.look()));
  const timer = setInterval(() => {
    for (const folder of watched) folder.look().catch(listener.failed);
  }, lookIntervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await Promise.all(watched.map((folder) => folder.close()));
  };
}

class WatchedFolder {
  readonly #path: string;
  readonly #listener: FolderListener;
  /**
   * Identifies the folder, so that its replacement is noticed; undefined while there is none, null before the first
   * check.
   */
  #identity: string | undefined | null = null;
  #watcher: FSWatcher | undefined;
  #looking = false;
  #closed = false;

  constructor(path: string, listener: FolderListener) {
    this.#path = path;
    this.#listener = listener;
  }

  /**
   * Watches the current folder: the previous one may have been removed by a checkout, or replaced by changing a link.
   */
  async look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      const identity = await identityOf(this.#path);
      if (identity === this.#identity) return;
      const isFirst = this.#identity === null;
      this.#identity = identity;
      await this.#watcher?.close();
      this.#watcher = identity === undefined ? undefined : await this.#watch();
      if (this.#closed) await this.#watcher?.close();
      else if (!isFirst) this.#listener.changed();
    } finally {
      this.#looking = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watcher?.close();
  }

  async #watch(): Promise<FSWatcher> {
    const watcher = watch(this.#path, { ignoreInitial: true, ignorePermissionErrors: true });
    watcher.on('all', this.#listener.changed);
    watcher.on('error', this.#listener.failed);
    await new Promise<void>((resolve) => watcher.once('ready', resolve));
    return watcher;
  }
}

/** Device and inode of what exists at the path, following links; undefined if nothing exists. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
