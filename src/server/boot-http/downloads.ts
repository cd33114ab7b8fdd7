import type { ServerResponse } from 'node:http';
import { KeyCounts } from '../../limits/key-counts.ts';

/** The limits of downloads. */
export interface DownloadSettings {
  /** Simultaneous downloads of one address. */
  readonly perSource: number;
  /** Bytes that were read from files and not yet passed to the kernel, for all downloads together. */
  readonly bytesInFlight: number;
  /** Bytes per second that a client must receive, over two minutes. */
  readonly rateMin: number;
}

/** The largest part of a file that is read at once. */
const PART_SIZE_MAX = 256 * 1024;
/** The smallest part, which every download gets regardless of the others. */
const PART_SIZE_MIN = 16 * 1024;
/** A download gets this share of the memory that is left, so that many slow clients leave something for fast ones. */
const SHARE = 1 / 64;
/** The kernel accepts more only after much of its buffer has been sent, which can be 800 kB. */
const RATE_WINDOW_MS = 120_000;
const SWEEP_MS = 5_000;

/** A file that is being sent to a client. */
export class Download {
  readonly source: string;
  readonly response: ServerResponse;
  /** Bytes that were read and not yet passed to the kernel. */
  inFlight = 0;
  windowStartedMs: number;
  windowBytes = 0;

  constructor(source: string, response: ServerResponse, nowMs: number) {
    this.source = source;
    this.response = response;
    this.windowStartedMs = nowMs;
  }
}

/**
 * The running downloads and their limits: how many from one address, how much memory in all, and the minimum speed. A
 * client that requests a file and does not read it occupies one small part of it, and is disconnected after two
 * minutes.
 */
export class Downloads {
  readonly #settings: DownloadSettings;
  readonly #nowMs: () => number;
  readonly #running = new Set<Download>();
  readonly #bySource = new KeyCounts<string>();
  #inFlight = 0;
  #sweep: NodeJS.Timeout | undefined;

  /** `nowMs` returns monotonic milliseconds. */
  constructor(settings: DownloadSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** Number of running downloads. */
  get running(): number {
    return this.#running.size;
  }

  /** Bytes that were read from files and not yet passed to the kernel. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Begins a download, which must be ended with `end`; undefined if this address has too many. */
  begin(source: string, response: ServerResponse): Download | undefined {
    if (!this.#bySource.take(source, this.#settings.perSource)) return undefined;
    const download = new Download(source, response, this.#nowMs());
    this.#running.add(download);
    this.#sweep ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    return download;
  }

  /** Reserves memory for the next part; `sent` releases it. Returns its size in bytes. */
  take(download: Download): number {
    const left = Math.max(0, this.#settings.bytesInFlight - this.#inFlight);
    const size = Math.min(PART_SIZE_MAX, Math.max(PART_SIZE_MIN, Math.floor(left * SHARE)));
    this.#inFlight += size;
    download.inFlight = size;
    return size;
  }

  /** Records that a part of `bytes` was passed to the kernel. */
  sent(download: Download, bytes: number): void {
    this.#giveBack(download);
    download.windowBytes += bytes;
  }

  end(download: Download): void {
    if (!this.#running.delete(download)) return;
    this.#giveBack(download);
    this.#bySource.release(download.source);
    if (this.#running.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  /** Closes the connections of clients that were too slow. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const download of this.#running) {
      const windowMs = nowMs - download.windowStartedMs;
      if (windowMs < RATE_WINDOW_MS) continue;
      if (download.windowBytes < (this.#settings.rateMin * windowMs) / 1000) download.response.destroy();
      download.windowStartedMs = nowMs;
      download.windowBytes = 0;
    }
  }

  #giveBack(download: Download): void {
    this.#inFlight -= download.inFlight;
    download.inFlight = 0;
  }
}
