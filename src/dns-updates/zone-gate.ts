import type { Ipv4Address } from '../protocol/ipv4-address.ts';

/** How long a server that does not answer is left alone, in milliseconds; twice as long each time. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 300_000;

/**
 * Lets updates through to a zone's server while it answers. While it does not, they wait here, and one is tried now
 * and then; the first answer lets all of them through.
 */
export class ZoneGate {
  readonly #release: (address: Ipv4Address) => void;
  readonly #parked = new Set<Ipv4Address>();
  #state: 'open' | 'pausing' | 'inviting' | 'trying' = 'open';
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `release` is called with each address that may try again. */
  constructor(release: (address: Ipv4Address) => void) {
    this.#release = release;
  }

  /** Whether an update may be sent now; if not, its address is released later. */
  admit(address: Ipv4Address): boolean {
    if (this.#state === 'open') return true;
    if (this.#state === 'inviting') {
      clearTimeout(this.#timer);
      this.#state = 'trying';
      return true;
    }
    this.#parked.add(address);
    return false;
  }

  /** The server answered. */
  passed(): void {
    if (this.#state === 'open') return;
    clearTimeout(this.#timer);
    this.#state = 'open';
    this.#failures = 0;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const address of parked) this.#release(address);
  }

  /** The server did not answer; the address waits. Of updates that were under way together only the first one counts. */
  failed(address: Ipv4Address): void {
    // To the end, so that another one is tried next.
    this.#parked.delete(address);
    this.#parked.add(address);
    if (this.#state === 'pausing') return;
    this.#state = 'pausing';
    const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** this.#failures++, PAUSE_MS_MAX);
    this.#timer = setTimeout(() => this.#tryOne(), pauseMs).unref();
  }

  /** Ends a pause: one update is tried now. */
  tryNow(): void {
    if (this.#state !== 'pausing') return;
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#tryOne();
  }

  /** Lets nothing through any more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** Releases one address at a time until one of them has something to send. */
  #tryOne(): void {
    this.#state = 'inviting';
    const [first] = this.#parked;
    if (first === undefined) return;
    this.#parked.delete(first);
    this.#timer = setTimeout(() => this.#tryOne(), PAUSE_MS_MIN).unref();
    this.#release(first);
  }
}
