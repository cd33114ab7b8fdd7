/** How long transfers may run in one turn of the event loop, in milliseconds. */
const TURN_MS = 8;

/**
 * Keeps transfers from occupying the event loop. One wake-up brings up to 32 packets of each port, and after each of
 * them more may have arrived; but DHCP and HTTP run only when all of that has been handled.
 */
export class TurnBudget {
  readonly #now: () => number;
  /** When transfers first ran in this turn. */
  #startedMs: number | undefined;

  /** `now` returns monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether there is time to receive more packets in this turn. */
  get left(): boolean {
    const nowMs = this.#now();
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      // Immediates run when all sockets of the turn have been handled.
      setImmediate(() => (this.#startedMs = undefined));
    }
    return nowMs - this.#startedMs < TURN_MS;
  }
}
