import { afterAll, afterEach, beforeEach } from 'vitest';
import type { Store } from '../../src/store/store.ts';

/** One database: empty when it is first opened, and later with what was written before. */
export interface StorePlace {
  open(): Promise<Store>;
  /** Empties the database while the store is open, since opening one for every test takes long. */
  reset(): Promise<void> | void;
  remove(): Promise<void> | void;
}

/** Starting a thread or a server takes long on a busy machine. */
const HOOK_TIMEOUT_MS = 60_000;

/** Creates a new database, or one that `open` creates. */
export type MakePlace = () => StorePlace | Promise<StorePlace>;

/** The store of the current test, with functions to close it and to open it again. */
export class StoreUnderTest {
  #place: StorePlace | undefined;
  #store: Store | undefined;

  /** Gives every test of the enclosing `describe` an empty store. */
  constructor(makePlace: MakePlace) {
    beforeEach(async () => {
      this.#place ??= await makePlace();
      this.#store ??= await this.#place.open();
    }, HOOK_TIMEOUT_MS);
    afterEach(async () => {
      await this.#place?.reset();
    }, HOOK_TIMEOUT_MS);
    afterAll(async () => {
      await this.close();
      await this.#place?.remove();
    }, HOOK_TIMEOUT_MS);
  }

  get store(): Store {
    return this.#store!;
  }

  /** Closes the store, and returns it. The next test gets a new one. */
  async close(): Promise<Store | undefined> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
    return store;
  }

  async reopen(): Promise<void> {
    await this.close();
    this.#store = await this.#place!.open();
  }
}
