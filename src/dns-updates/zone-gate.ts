import type { Ipv4Address } from '../protocol/ipv4-address.ts';

/** How long a server that does not answer is not asked again, in milliseconds; it doubles each time. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 300_000;

/**
 * Passes updates to a zone's server while it answers. Otherwise they wait, and one is tried at intervals; the first
 * answer releases all of them.
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

  /** The server did not answer; the address waits. Of simultaneous updates only the first failure counts. */
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

  /** Passes no further updates. */
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
