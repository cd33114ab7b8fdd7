import type { Logger } from 'pino';
import { bytesOf, callingStore, carryOut, isWrite } from './store-calls.ts';
import { StoreError, type StoreFailure } from './store-error.ts';
import type { DatabaseStore } from './store.ts';

/** What the health of a store is watched with. */
export interface StoreHealthParts {
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** How often the store is looked at by itself, and whether what is wrong is over; 10 s unless a test says else. */
  readonly lookEveryMs?: number;
}

/** What is wrong with the store. */
export interface StoreProblem {
  readonly failure: StoreFailure;
  /** Names the store, says what is wrong and what to do. */
  readonly message: string;
}

const LINE_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 10_000;
/** A full disk must have room for at least this much before it is no longer full: a group of leases, and some events. */
const PROBE_BYTES_MIN = 256 * 1024;
/** And no more than this is written to find out. */
const PROBE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Knows whether the store works, for /readyz, and says in the log when it does not: one line a minute for all that
 * fails, without a stack, and one when it works again (docs/decisions/0100).
 */
export class StoreHealth {
  readonly #parts: StoreHealthParts;
  #problem: StoreProblem | undefined;
  /** While the disk is full: what must be written before it is no longer so. Otherwise 0. */
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

  /** The store, with every call of it watched, until it is closed. */
  watch(store: DatabaseStore): DatabaseStore {
    this.#lookLater(store);
    return callingStore(
      async (call) => {
        try {
          const result = await carryOut(store, call);
          // What can be read says nothing about a disk that is full, and something small may still be written to it.
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
