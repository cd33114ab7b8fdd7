import { type Expiring, ExpiryQueue } from '../limits/expiry-queue.ts';

interface Entry extends Expiring {
  readonly key: string;
}

/**
 * When each of many keys is due, earliest first. A key has one time, its earliest; whoever takes a key finds out whether
 * it is really due, and otherwise adds it again.
 */
export class DueQueue {
  #queue = new ExpiryQueue<Entry>();
  readonly #entries = new Map<string, Entry>();

  /** Makes a key due at a time, if it is not due earlier already. */
  add(key: string, dueMs: number): void {
    const entry = this.#entries.get(key) ?? { key, deadlineMs: Infinity, queueIndex: -1 };
    if (entry.deadlineMs <= dueMs) return;
    entry.deadlineMs = dueMs;
    this.#entries.set(key, entry);
    this.#queue.update(entry);
  }

  /** The earliest time at which a key is due; undefined if there is none. */
  earliest(): number | undefined {
    return this.#queue.peek()?.deadlineMs;
  }

  /** Removes the keys that are due at a time, at most `limit` of them, and returns them with the earliest first. */
  take(nowMs: number, limit: number): string[] {
    const keys: string[] = [];
    while (keys.length < limit) {
      const first = this.#queue.peek();
      if (first === undefined || first.deadlineMs > nowMs) break;
      this.#queue.remove(first);
      this.#entries.delete(first.key);
      keys.push(first.key);
    }
    return keys;
  }

  clear(): void {
    this.#queue = new ExpiryQueue();
    this.#entries.clear();
  }
}
