/**
 * Writes the values of many callers in few transactions: what is added while one is being written goes into the next
 * one. Values are written in the order in which they were added.
 */
export class GroupCommit<T> {
  readonly #write: (batch: readonly T[]) => Promise<unknown>;
  readonly #batchMax: number;
  #waiting: { readonly value: T; readonly settle: (error?: Error) => void }[] = [];
  #isWriting = false;

  /** `write` makes at most `batchMax` values durable. */
  constructor(batchMax: number, write: (batch: readonly T[]) => Promise<unknown>) {
    this.#batchMax = batchMax;
    this.#write = write;
  }

  /** Resolves when the value is durable. Rejects with the error of the transaction that it was part of. */
  add(value: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        value,
        settle: (error) => (error === undefined ? resolve() : reject(error)),
      });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // The other requests of this turn of the event loop join the first transaction.
    await new Promise((nextTurn) => setImmediate(nextTurn));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batchMax);
      try {
        await this.#write(batch.map(({ value }) => value));
        for (const { settle } of batch) settle();
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        for (const { settle } of batch) settle(failure);
      }
    }
    // Before any caller can add another value: it must not join a writer that has ended.
    this.#isWriting = false;
  }
}
