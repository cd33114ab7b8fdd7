interface Entry {
  readonly key: string;
  readonly dueMs: number;
}

/**
 * When each of many keys is due, earliest first: a binary heap. A key has one time, its earliest; whoever takes a key
 * finds out whether it is really due, and otherwise adds it again.
 */
export class DueQueue {
  readonly #heap: Entry[] = [];
  /** The valid entry of each key; others in the heap are outdated. */
  readonly #entries = new Map<string, Entry>();

  /** Makes a key due at a time, if it is not due earlier already. */
  add(key: string, dueMs: number): void {
    const earlier = this.#entries.get(key);
    if (earlier !== undefined && earlier.dueMs <= dueMs) return;
    const entry = { key, dueMs };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  /** The earliest time at which a key is due; undefined if there is none. */
  earliest(): number | undefined {
    this.#dropOutdated();
    return this.#heap[0]?.dueMs;
  }

  /** Removes the keys that are due at a time, at most `limit` of them, and returns them with the earliest first. */
  take(nowMs: number, limit: number): string[] {
    const keys: string[] = [];
    while (keys.length < limit) {
      this.#dropOutdated();
      const first = this.#heap[0];
      if (first === undefined || first.dueMs > nowMs) break;
      this.#removeFirst();
      this.#entries.delete(first.key);
      keys.push(first.key);
    }
    return keys;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#entries.clear();
  }

  #dropOutdated(): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#entries.get(first.key) === first) return;
      this.#removeFirst();
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    const heap = this.#heap;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.dueMs <= heap[index]!.dueMs) return;
      [heap[parent], heap[index]] = [heap[index]!, heap[parent]!];
      index = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && heap[right]!.dueMs < heap[left]!.dueMs ? right : left;
      if (heap[index]!.dueMs <= heap[child]!.dueMs) return;
      [heap[index], heap[child]] = [heap[child]!, heap[index]!];
      index = child;
    }
  }
}
