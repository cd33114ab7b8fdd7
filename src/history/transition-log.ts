import type { DiscoveredMachineStore } from '../store/discovered-machine-store.ts';
import type { InventoryStore } from '../store/inventory-store.ts';
import type { LifeStore } from '../store/life-store.ts';
import type { MachineStore } from '../store/machine-store.ts';
import type { Transition, TransitionStore } from '../store/transition-store.ts';

/** Every store that writes transitions. */
export interface TransitionWriters {
  readonly machines: MachineStore;
  readonly inventories: InventoryStore;
  readonly discovered: DiscoveredMachineStore;
  readonly lives: LifeStore;
}

/** Transitions that a reader asked for were deleted, since they are old. It has to learn otherwise what they told. */
export class TransitionsDeleted extends Error {
  override readonly name = 'TransitionsDeleted';
  /** The number of the last one that was deleted: subscribe after it. */
  readonly deletedTo: number;

  constructor(after: number, deletedTo: number) {
    super(
      `transitions ${after + 1} to ${deletedTo} were deleted, since they are old: read the list of machines, and read on after ${deletedTo}`,
    );
    this.deletedTo = deletedTo;
  }
}

/** Bounds of a subscription. */
export interface TransitionLogLimits {
  /** Transitions that wait for one reader in memory. One that falls further behind reads on from the store. */
  readonly bufferMax: number;
  /** Transitions of one read from the store. */
  readonly pageMax: number;
}

const DEFAULT_LIMITS: TransitionLogLimits = { bufferMax: 1_000, pageMax: 500 };

/**
 * Subscriptions to the durable log of transitions. Whoever subscribes gets every transition that follows a number, in
 * order and without gaps: first from the store, and then as they are written. Memory is bounded, however slow a reader
 * is: what it misses in memory it reads from the store.
 */
export class TransitionLog {
  readonly #store: TransitionStore;
  readonly #limits: TransitionLogLimits;
  readonly #readers = new Set<Reader>();
  readonly #listeners = new Set<(written: readonly Transition[]) => void>();
  #closed = false;
  #last: number;

  /** `last` is the number of the latest transition in the store. */
  constructor(store: TransitionStore, limits: Partial<TransitionLogLimits> = {}, last = 0) {
    this.#store = store;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#last = last;
  }

  /** The number of the latest transition; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The stores for all that writes to them: the transitions that they have written are told to the readers. */
  announcing({ discovered, inventories, lives, machines }: TransitionWriters): TransitionWriters {
    return {
      machines: {
        loadMachines: () => machines.loadMachines(),
        applyMachineChanges: (changes, audit) => this.#announce(machines.applyMachineChanges(changes, audit)),
      },
      inventories: {
        listInventories: () => inventories.listInventories(),
        stageChanges: (putId, from, changes) => inventories.stageChanges(putId, from, changes),
        commitInventory: (commit) => this.#announce(inventories.commitInventory(commit)),
        moveStaged: async (name, limit) => {
          const moved = await inventories.moveStaged(name, limit);
          this.#tell(moved.transitions);
          return moved;
        },
        dropStaged: () => inventories.dropStaged(),
      },
      lives: {
        loadLives: () => lives.loadLives(),
        applyLifeChanges: (changes) => this.#announce(lives.applyLifeChanges(changes)),
      },
      discovered: {
        listDiscovered: () => discovered.listDiscovered(),
        recordDiscovered: (machine) => this.#announce(discovered.recordDiscovered(machine)),
        pruneDiscovered: (retention) => this.#announce(discovered.pruneDiscovered(retention)),
      },
    };
  }

  /** Calls `listener` with all that is written from now on, as it is written. */
  onWritten(listener: (written: readonly Transition[]) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Every transition that follows number `after`, until `signal` aborts, the caller ends the loop or the log is closed.
   * Throws TransitionsDeleted if some of them were deleted, at the start or because the caller was slow, and what the
   * store throws if it cannot be read; the caller can then subscribe again from the last number that it has seen.
   */
  async *subscribe(after: number, signal: AbortSignal): AsyncGenerator<Transition, void, void> {
    const reader = new Reader(this.#limits.bufferMax);
    this.#readers.add(reader);
    const wake = (): void => reader.wake();
    signal.addEventListener('abort', wake);
    let last = after;
    try {
      while (!signal.aborted) {
        if (this.#closed && reader.behind) return;
        const next = reader.behind ? await this.#readOn(reader, last) : reader.take(last);
        for (const transition of next) {
          if (signal.aborted) return;
          last = transition.number;
          yield transition;
        }
        if (next.length > 0 || reader.behind || signal.aborted) continue;
        if (this.#closed) return;
        await reader.news();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#readers.delete(reader);
    }
  }

  /** Ends every subscription: it still gets the transitions that wait for it in memory, and the store is not read again. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.wake();
  }

  /** A page from the store. What is written from the last page on waits in memory. */
  async #readOn(reader: Reader, after: number): Promise<readonly Transition[]> {
    reader.catchUp();
    const { pageMax } = this.#limits;
    const page = await this.#store.readTransitions({ after, limit: pageMax });
    if (page.kind === 'deleted') throw new TransitionsDeleted(after, page.deletedTo);
    if (page.transitions.length === pageMax) reader.fallBehind();
    return page.transitions;
  }

  async #announce(writing: Promise<Transition[]>): Promise<Transition[]> {
    const written = await writing;
    this.#tell(written);
    return written;
  }

  #tell(written: readonly Transition[]): void {
    if (written.length === 0) return;
    this.#last = Math.max(this.#last, ...written.map(({ number }) => number));
    for (const reader of this.#readers) reader.offer(written);
    for (const listener of this.#listeners) listener(written);
  }
}

/** What waits for one reader. */
class Reader {
  readonly #bufferMax: number;
  #buffer: Transition[] = [];
  #behind = true;
  #wake: (() => void) | undefined;

  constructor(bufferMax: number) {
    this.#bufferMax = bufferMax;
  }

  /** Whether transitions are missing in memory, so that the store has to be read. */
  get behind(): boolean {
    return this.#behind;
  }

  offer(transitions: readonly Transition[]): void {
    if (!this.#behind) {
      if (this.#buffer.length + transitions.length > this.#bufferMax) this.fallBehind();
      else this.#buffer.push(...transitions);
    }
    this.wake();
  }

  catchUp(): void {
    this.#behind = false;
  }

  fallBehind(): void {
    this.#behind = true;
    this.#buffer = [];
  }

  /** What follows number `last` without a gap; where there is one, the reader is behind. */
  take(last: number): Transition[] {
    const next: Transition[] = [];
    for (const transition of this.#buffer.splice(0)) {
      const expected = last + next.length + 1;
      if (transition.number === expected) next.push(transition);
      else if (transition.number > expected) {
        this.fallBehind();
        break;
      }
    }
    return next;
  }

  /** Resolves when something was offered since the last take, or `wake` is called. */
  news(): Promise<void> {
    if (this.#buffer.length > 0 || this.#behind) return Promise.resolve();
    return new Promise((resolve) => (this.#wake = resolve));
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
