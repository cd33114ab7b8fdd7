/** An item that an AgeQueue can hold; the fields belong to the queue. An item is in one queue at a time. */
export interface Aging<T> {
  older: T | undefined;
  newer: T | undefined;
  aging: boolean;
}

/** A queue by time of arrival from which any item can leave at once: a doubly linked list through its items. */
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

  /** Adds an item as the newest; one that is in the queue already becomes the newest. */
  add(item: T): void {
    this.remove(item);
    item.older = this.#newest;
    item.aging = true;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.#size++;
  }

  /** Takes an item out; one that is not in the queue stays out. */
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
