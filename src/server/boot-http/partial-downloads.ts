const MINUTE_MS = 60_000;
/**
 * Number of pairs of client and file that are remembered; the one that began longest ago is forgotten first, and then
 * counts as new.
 */
const DOWNLOADS_MAX = 10_000;

/** Requests for parts of a file that are recorded as one event. */
export interface PartialDownload {
  readonly requests: number;
  readonly bytes: number;
}

/**
 * Combines a client's requests for parts of a file: a machine that boots from an ISO image over HTTP reads it in
 * thousands of ranges, and its history should show the image.
 */
export class PartialDownloads {
  readonly #since = new Map<string, { startedMs: number; requests: number; bytes: number }>();

  /**
   * Adds one part, and returns what to record, if anything: the first part at once, and with the first part after a
   * minute everything since then. The remainder at the end is not recorded, since that would be late: the machine has
   * continued by then, and would seem to have gone back.
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
