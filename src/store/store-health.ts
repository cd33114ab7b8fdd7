import type { Logger } from 'pino';
import { callingStore, carryOut, isWrite } from './store-calls.ts';
import { StoreError, type StoreFailure } from './store-error.ts';
import type { DatabaseStore } from './store.ts';

/** What the health of a store is watched with. */
export interface StoreHealthParts {
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** What is wrong with the store. */
export interface StoreProblem {
  readonly failure: StoreFailure;
  /** Names the store, says what is wrong and what to do. */
  readonly message: string;
}

const LINE_EVERY_MS = 60_000;
/** While something is wrong and nothing else is written, how often it is tried whether that is over. */
const PROBE_EVERY_MS = 10_000;

/**
 * Knows whether the store works, for /readyz, and says in the log when it does not: one line a minute for all that
 * fails, without a stack, and one when it works again.
 */
export class StoreHealth {
  readonly #parts: StoreHealthParts;
  #problem: StoreProblem | undefined;
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

  /** The store, with every call of it watched. */
  watch(store: DatabaseStore): DatabaseStore {
    return callingStore(
      async (call) => {
        try {
          const result = await carryOut(store, call);
          // What can be read says nothing about a disk that is full.
          if (isWrite(call)) this.#works();
          return result;
        } catch (error) {
          if (error instanceof StoreError) this.#fails(error, store);
          throw error;
        }
      },
      async () => {
        clearInterval(this.#timer);
        await store.close();
      },
    );
  }

  #fails({ failure, message }: StoreError, store: DatabaseStore): void {
    this.#failed++;
    if (failure !== this.#problem?.failure) this.#nextLineMs = 0;
    this.#problem = { failure, message };
    const nowMs = this.#parts.nowMs();
    if (nowMs >= this.#nextLineMs) {
      this.#nextLineMs = nowMs + LINE_EVERY_MS;
      this.#parts.log.error({ failure, failedCalls: this.#failed }, message);
    }
    this.#timer ??= setInterval(() => {
      // A probe that fails comes here again, and one that works ends this.
      store.upkeep.probe().then(
        () => this.#works(),
        (error: unknown) => (error instanceof StoreError ? this.#fails(error, store) : undefined),
      );
    }, PROBE_EVERY_MS).unref();
  }

  #works(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#failed = 0;
    this.#nextLineMs = 0;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#parts.log.info('the store works again');
  }
}
