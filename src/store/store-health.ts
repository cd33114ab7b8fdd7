import type { Logger } from 'pino';
import { bytesOf, callingStore, carryOut, isWrite } from './store-calls.ts';
import { StoreError, type StoreFailure } from './store-error.ts';
import type { DatabaseStore } from './store.ts';

/** What watching a store's health depends on. */
export interface StoreHealthParts {
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** How often the store is probed, and whether a fault is over is checked; 10 s except in tests. */
  readonly lookEveryMs?: number;
}

/** The fault of the store. */
export interface StoreProblem {
  readonly failure: StoreFailure;
  /** Names the store, says what is wrong and what to do. */
  readonly message: string;
}

const LINE_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 10_000;
/**
 * A full disk must have space for at least this much before it counts as usable again: a group of leases, and some
 * events.
 */
const PROBE_BYTES_MIN = 256 * 1024;
/** At most this much is written for the test. */
const PROBE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Knows whether the store works, for /readyz. While it does not, one line a minute is logged for all failures, without
 * a stack, and one line when it works again (docs/decisions/0100).
 */
export class StoreHealth {
  readonly #parts: StoreHealthParts;
  #problem: StoreProblem | undefined;
  /** While the disk is full: how much must be written before it counts as usable again. Otherwise 0. */
  #probeBytes = 0;
  #nextLineMs = 0;
  #failed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: StoreHealthParts) {
    this.#parts = parts;
  }

  /** Undefined while the store works. */
  get problem(): StoreProblem | undefined {
    return this.#problem;
  }

  /** The store with every call monitored, until it is closed. */
  watch(store: DatabaseStore): DatabaseStore {
    this.#lookLater(store);
    return callingStore(
      async (call) => {
        try {
          const result = await carryOut(store, call);
          // On a full disk reading works, and a small write may work too, so neither shows that the fault is over.
          if (isWrite(call) && this.#probeBytes === 0) this.#works();
          return result;
        } catch (error) {
          if (error instanceof StoreError) {
            this.#failed++;
            this.#fails(error, isWrite(call) ? bytesOf(call) : 0);
          }
          throw error;
        }
      },
      async () => {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        await store.close();
      },
    );
  }

  #lookLater(store: DatabaseStore): void {
    const timer = setTimeout(() => {
      void this.#look(store).finally(() => {
        if (this.#timer === timer) this.#lookLater(store);
      });
    }, this.#parts.lookEveryMs ?? LOOK_EVERY_MS).unref();
    this.#timer = timer;
  }

  async #look({ upkeep }: DatabaseStore): Promise<void> {
    try {
      if (this.#problem === undefined) await upkeep.look();
      else {
        await upkeep.probe(this.#probeBytes);
        this.#works();
      }
    } catch (error) {
      if (error instanceof StoreError) this.#fails(error, 0);
    }
  }

  #fails({ failure, message }: StoreError, bytes: number): void {
    if (failure === 'full') {
      this.#probeBytes = Math.min(Math.max(this.#probeBytes, bytes, PROBE_BYTES_MIN), PROBE_BYTES_MAX);
    }
    if (failure !== this.#problem?.failure) this.#nextLineMs = 0;
    this.#problem = { failure, message };
    const nowMs = this.#parts.nowMs();
    if (nowMs >= this.#nextLineMs) {
      this.#nextLineMs = nowMs + LINE_EVERY_MS;
      this.#parts.log.error({ failure, failedCalls: this.#failed }, message);
    }
  }

  #works(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#probeBytes = 0;
    this.#failed = 0;
    this.#nextLineMs = 0;
    this.#parts.log.info('the store works again');
  }
}
