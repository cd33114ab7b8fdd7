import type { ServerResponse } from 'node:http';
import { KeyCounts } from '../../limits/key-counts.ts';

/** What downloads may take of this server. */
export interface DownloadSettings {
  /** Downloads at once of one address. */
  readonly perSource: number;
  /** Bytes that are read from files and not yet handed to the kernel, of all downloads. */
  readonly bytesInFlight: number;
  /** Bytes a second that a client must take, over two minutes. */
  readonly rateMin: number;
}

/** The largest part of a file that is read at once. */
const PART_SIZE_MAX = 256 * 1024;
/** The smallest one, which every download gets whatever the others hold. */
const PART_SIZE_MIN = 16 * 1024;
/** A download gets this much of what is left for all, so that many slow clients leave something to the quick ones. */
const SHARE = 1 / 64;
/** The kernel takes more only when a good part of what it holds is gone, which can be 800 kB. */
const RATE_WINDOW_MS = 120_000;
const SWEEP_MS = 5_000;

/** A file on its way to a client. */
export class Download {
  readonly source: string;
  readonly response: ServerResponse;
  /** Bytes read and not yet handed to the kernel. */
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
 * The downloads under way, within what they may take: how many of one address, how much memory in all, and how slow.
 * A client that asks for a file and does not read it costs one small part of it, and is cut off after two minutes.
 */
export class Downloads {
  readonly #settings: DownloadSettings;
  readonly #nowMs: () => number;
  readonly #running = new Set<Download>();
  readonly #bySource = new KeyCounts<string>();
  #inFlight = 0;
  #sweep: NodeJS.Timeout | undefined;

  /** `nowMs` tells monotonic milliseconds. */
  constructor(settings: DownloadSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** Downloads under way. */
  get running(): number {
    return this.#running.size;
  }

  /** Bytes read from files and not yet handed to the kernel. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Begins a download, which `end` must end; undefined if this address has too many. */
  begin(source: string, response: ServerResponse): Download | undefined {
    if (!this.#bySource.take(source, this.#settings.perSource)) return undefined;
    const download = new Download(source, response, this.#nowMs());
    this.#running.add(download);
    this.#sweep ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    return download;
  }

  /** Takes memory for the next part; `sent` gives it back. Returns its size in bytes. */
  take(download: Download): number {
    const left = Math.max(0, this.#settings.bytesInFlight - this.#inFlight);
    const size = Math.min(PART_SIZE_MAX, Math.max(PART_SIZE_MIN, Math.floor(left * SHARE)));
    this.#inFlight += size;
    download.inFlight = size;
    return size;
  }

  /** A part of `bytes` was handed to the kernel. */
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

  /** Ends the connections of those that were too slow. */
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
