const MINUTE_MS = 60_000;
/** Clients and files that are remembered; the one begun longest ago is forgotten first, and then counts as new. */
const DOWNLOADS_MAX = 10_000;

/** Requests for parts of a file, taken together. */
export interface PartialDownload {
  readonly requests: number;
  readonly bytes: number;
}

/**
 * Takes together what a client fetches of one file part by part: a machine that boots from an ISO image over HTTP reads
 * it in thousands of ranges, and its history is about the image.
 */
export class PartialDownloads {
  readonly #since = new Map<string, { startedMs: number; requests: number; bytes: number }>();

  /**
   * Adds one part, and says what is to be noted, if anything: the first part at once, and with the first one after a
   * minute all that came since. What comes last of all is not noted, since that would be late: the machine is further
   * on by then, and would look as if it had gone back.
   */
  add(client: string, path: string, bytes: number, nowMs: number): PartialDownload | undefined {
    const key = `${client} ${path}`;
    const running = this.#since.get(key);
    if (running !== undefined) {
      running.requests++;
      running.bytes += bytes;
      if (nowMs - running.startedMs < MINUTE_MS) return undefined;
      this.#since.delete(key);
    }
    if (this.#since.size >= DOWNLOADS_MAX) {
      const oldest = this.#since.keys().next();
      if (oldest.done !== true) this.#since.delete(oldest.value);
    }
    this.#since.set(key, { startedMs: nowMs, requests: 0, bytes: 0 });
    return running ?? { requests: 1, bytes };
  }
}
