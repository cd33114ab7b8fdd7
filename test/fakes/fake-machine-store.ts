import type { MachineChange, MachineStore, StoredMachine } from '../../src/store/machine-store.ts';
import type { Transition, TransitionStore } from '../../src/store/transition-store.ts';

/** Keeps transitions in memory, counts reads, and can be made to fail. */
export class FakeMachineStore implements MachineStore, TransitionStore {
  readonly transitions: Transition[] = [];
  reads = 0;
  failure: Error | undefined;
  /** Called before each read is answered. */
  onRead: () => void = () => undefined;

  loadMachines(): Promise<StoredMachine[]> {
    return Promise.resolve([]);
  }

  applyMachineChanges(changes: readonly MachineChange[]): Promise<Transition[]> {
    const first = this.transitions.length + 1;
    const written = changes.map(({ transition }, index) => ({ ...transition, number: first + index }));
    this.transitions.push(...written);
    return Promise.resolve(written);
  }

  readTransitions({ after, limit }: { after: number; limit: number }): Promise<Transition[]> {
    this.reads++;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const page = this.transitions.filter(({ number }) => number > after).slice(0, limit);
    this.onRead();
    return Promise.resolve(page);
  }

  lastTransition(): Promise<number> {
    return Promise.resolve(this.transitions.length);
  }
}
