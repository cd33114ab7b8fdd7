/** An item that an AgeQueue can hold; the fields are set by the queue. An item is in one queue at a time. */
export interface Aging<T> {
  older: T | undefined;
  newer: T | undefined;
  aging: boolean;
}

/**
 * A queue in order of arrival, from which any item can be removed in constant time: a doubly linked list through its
 * items.
 */
export class AgeQueue<T extends Aging<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** Adds an item as the newest; one that is already in the queue becomes the newest. */
  add(item: T): void {
    this.remove(item);
    item.older = this.#newest;
    item.aging = true;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.#size++;
  }

  /** Removes an item; does nothing if it is not in the queue. */
  remove(item: T): void {
    if (!item.aging) return;
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    item.older = undefined;
    item.newer = undefined;
    item.aging = false;
    this.#size--;
  }
}
