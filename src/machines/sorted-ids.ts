/** Changes at once up to which single insertions are cheaper than sorting. */
const SINGLY_MAX = 50;

/** The ids of machines in the order of lists. */
export class SortedIds {
  #ids: string[] = [];

  get size(): number {
    return this.#ids.length;
  }

  /** Adds ids and removes others; what is there already, or is not, stays so. */
  change(added: readonly string[], removed: readonly string[]): void {
    if (added.length + removed.length <= SINGLY_MAX) {
      for (const id of removed) this.#remove(id);
      for (const id of added) this.#add(id);
      return;
    }
    const gone = new Set(removed);
    const all = new Set(this.#ids.filter((id) => !gone.has(id)));
    for (const id of added) all.add(id);
    // Most of it is in order already, which sorting makes use of.
    this.#ids = [...all].sort(compareIds);
  }

  /** The ids that follow `after`, or all. A change meanwhile may or may not be seen. */
  *from(after?: string): Generator<string> {
    let at = after === undefined ? 0 : this.#place(after);
    if (after !== undefined && this.#ids[at] === after) at++;
    for (; at < this.#ids.length; at++) yield this.#ids[at] as string;
  }

  #add(id: string): void {
    const at = this.#place(id);
    if (this.#ids[at] !== id) this.#ids.splice(at, 0, id);
  }

  #remove(id: string): void {
    const at = this.#place(id);
    if (this.#ids[at] === id) this.#ids.splice(at, 1);
  }

  /** Where the id is, or belongs. */
  #place(id: string): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as string) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
