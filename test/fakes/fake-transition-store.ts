import type { DiscoveredMachineStore } from '../../src/store/discovered-machine-store.ts';
import type { InventoryStore } from '../../src/store/inventory-store.ts';
import type { LifeStore } from '../../src/store/life-store.ts';
import type { MachineChange, MachineStore } from '../../src/store/machine-store.ts';
import type {
  Transition,
  TransitionPage,
  TransitionQuery,
  TransitionStore,
} from '../../src/store/transition-store.ts';

/** Keeps transitions in memory, counts reads, and can be made to fail. It stores no machines. */
export class FakeTransitionStore implements TransitionStore {
  #transitions: Transition[] = [];
  #last = 0;
  reads = 0;
  failure: Error | undefined;
  /** Called before each read is answered. */
  onRead: () => void = () => undefined;

  /** The stores that write transitions. */
  readonly machines: MachineStore = {
    loadMachines: () => Promise.resolve([]),
    applyMachineChanges: (changes: readonly MachineChange[]) =>
      Promise.resolve(changes.map(({ transition }) => this.#append(transition))),
  };
  readonly inventories: InventoryStore = {
    listInventories: () => Promise.resolve([]),
    stageChanges: () => Promise.resolve(),
    commitInventory: ({ changes }) =>
      Promise.resolve(changes.map(({ transition }) => this.#append(transition))),
    moveStaged: () => Promise.resolve({ transitions: [], isDone: true }),
    dropStaged: () => Promise.resolve(),
  };
  readonly lives: LifeStore = {
    loadLives: () => Promise.resolve([]),
    applyLifeChanges: (changes) => Promise.resolve(changes.map(({ transition }) => this.#append(transition))),
  };
  readonly discovered: DiscoveredMachineStore = {
    listDiscovered: () => Promise.resolve([]),
    recordDiscovered: ({ firstSeenAt: at, mac: machineId }) =>
      Promise.resolve([
        this.#append({ at, machineId, kind: 'machine.discovered', source: 'discovered', detail: {} }),
      ]),
    pruneDiscovered: () => Promise.resolve([]),
  };

  readTransitions({ after, limit }: { after: number; limit: number }): Promise<TransitionPage> {
    this.reads++;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const deletedTo = (this.#transitions[0]?.number ?? this.#last + 1) - 1;
    const transitions = this.#transitions.filter(({ number }) => number > after).slice(0, limit);
    this.onRead();
    return Promise.resolve(
      deletedTo > after ? { kind: 'deleted', deletedTo } : { kind: 'transitions', transitions },
    );
  }

  listTransitions({ before = Infinity, limit, machineId }: TransitionQuery): Promise<Transition[]> {
    const wanted = this.#transitions.filter(
      (one) => one.number < before && (machineId === undefined || one.machineId === machineId),
    );
    return Promise.resolve(wanted.reverse().slice(0, limit));
  }

  lastTransition(): Promise<number> {
    return Promise.resolve(this.#last);
  }

  pruneTransitions({ newest }: { newest: number }): Promise<number> {
    return Promise.resolve(this.#transitions.splice(0, this.#transitions.length - newest).length);
  }

  #append(transition: Omit<Transition, 'number'>): Transition {
    const written = { ...transition, number: ++this.#last };
    this.#transitions.push(written);
    return written;
  }
}
