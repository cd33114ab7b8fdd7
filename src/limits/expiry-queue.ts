/** An item with a deadline; `queueIndex` is set by the queue and is -1 while the item is not in one. */
export interface Expiring {
  deadlineMs: number;
  queueIndex: number;
}

/**
 * A binary heap by deadline whose items store their index, so that a deadline can be moved, which every renewal does,
 * in logarithmic time and without stale entries.
 */
export class ExpiryQueue<T extends Expiring> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The item with the earliest deadline. */
  peek(): T | undefined {
    return this.#heap[0];
  }

  /** Adds an item, or moves it after its deadline changed. */
  update(item: T): void {
    if (item.queueIndex < 0) {
      item.queueIndex = this.#heap.length;
      this.#heap.push(item);
    }
    this.#sink(this.#rise(item));
  }

  /** Removes an item; does nothing if it is not in the queue. */
  remove(item: T): void {
    const index = item.queueIndex;
    if (index < 0) return;
    item.queueIndex = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#sink(this.#rise(last));
  }

  #rise(item: T): T {
    let index = item.queueIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || parent.deadlineMs <= item.deadlineMs) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
    return item;
  }

  #sink(item: T): void {
    let index = item.queueIndex;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#heap[childIndex];
      const right = this.#heap[childIndex + 1];
      if (child !== undefined && right !== undefined && right.deadlineMs < child.deadlineMs) {
        child = right;
        childIndex++;
      }
      if (child === undefined || child.deadlineMs >= item.deadlineMs) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(item, index);
  }

  #place(item: T, index: number): void {
    this.#heap[index] = item;
    item.queueIndex = index;
  }
}
