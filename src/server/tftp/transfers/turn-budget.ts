/** What transfers may take of one turn of the event loop, in milliseconds. */
const TURN_MS = 8;

/**
 * Keeps transfers from taking the event loop for themselves. One wake-up brings up to 32 packets of each port, and after
 * each of them more may have come; but DHCP and HTTP get their turn only when all of that has been handled.
 */
export class TurnBudget {
  readonly #now: () => number;
  /** When transfers were first heard of in this turn. */
  #startedMs: number | undefined;

  /** `now` tells monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether there is time to look for more packets in this turn. */
  get left(): boolean {
    const nowMs = this.#now();
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      // Immediates run when all sockets of the turn have been served.
      setImmediate(() => (this.#startedMs = undefined));
    }
    return nowMs - this.#startedMs < TURN_MS;
  }
}
