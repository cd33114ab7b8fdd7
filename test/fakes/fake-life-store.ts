import type { JsonObject } from '../../src/provision/json-value.ts';
import type { LifeChange, LifeStore } from '../../src/store/life-store.ts';
import type { Transition } from '../../src/store/transition-store.ts';

/** Keeps lives in memory as JSON, as a database does. It can be made to fail, and to wait. */
export class FakeLifeStore implements LifeStore {
  readonly stored = new Map<string, string>();
  /** What each transaction wrote. */
  readonly batches: (readonly LifeChange[])[] = [];
  failure: Error | undefined;
  /** Each transaction waits for this. */
  gate: Promise<unknown> = Promise.resolve();
  #last = 0;

  loadLives(): Promise<{ machineId: string; life: JsonObject }[]> {
    return Promise.resolve(
      [...this.stored].map(([machineId, text]) => ({ machineId, life: JSON.parse(text) as JsonObject })),
    );
  }

  async applyLifeChanges(changes: readonly LifeChange[]): Promise<Transition[]> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.batches.push(changes);
    return changes.map(({ life, machineId, transition }) => {
      if (life === undefined) this.stored.delete(machineId);
      else this.stored.set(machineId, JSON.stringify(life));
      return { ...transition, number: ++this.#last };
    });
  }
}
