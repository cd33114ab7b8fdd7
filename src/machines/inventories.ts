import type { Logger } from 'pino';
import type { Machine } from '../provision/machines/machine.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import type { InventoryStore, StoredInventory } from '../store/inventory-store.ts';
import type { MachineChange } from '../store/machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import { Turns } from '../store/turns.ts';
import type { Pause } from './in-slices.ts';
import type { MachineRegistry } from './machine-registry.ts';
import { toMachineRecord } from './machine-record.ts';
import { toStoredChange } from './record-change.ts';
import type { SetDifference } from './set-difference.ts';
import { changedFields } from './changed-fields.ts';

/** Changes of one transaction: leases wait meanwhile. */
const BATCH_MAX = 500;
/** Milliseconds until moving staged changes is tried again. */
const RETRY_MS = 5_000;

/** What inventories depend on. */
export interface InventoriesParts {
  readonly store: InventoryStore;
  readonly machines: Pick<MachineRegistry, 'declaredBy' | 'replaceStored'>;
  readonly log: Logger;
  readonly now: () => Date;
  /** Makes the ids of replacements. */
  readonly newId: () => string;
  /** Yields to the event loop. */
  readonly pause: Pause;
}

/** An inventory, and how many machines it declares. */
export interface Inventory extends Pick<StoredInventory, 'name' | 'putAt' | 'putBy' | 'putId'> {
  readonly machines: number;
}

/** A replacement of the set of one inventory. */
export interface Replacement {
  readonly name: string;
  /** The whole set, and how it differs from what the inventory declares now. */
  readonly machines: readonly Machine[];
  readonly difference: SetDifference;
  readonly by: string;
  readonly audit: NewAuditEntry;
  /** Whether the inventory itself is deleted. */
  readonly isEnd: boolean;
}

/**
 * The inventories and their sets. One set is replaced at a time, and takes effect at once: for readers in one turn of the
 * event loop, in the store in one transaction, however large it is.
 */
export class Inventories {
  readonly #parts: InventoriesParts;
  readonly #byName = new Map<string, StoredInventory>();
  readonly #turns = new Turns();
  #retry: NodeJS.Timeout | undefined;

  private constructor(parts: InventoriesParts, stored: readonly StoredInventory[]) {
    this.#parts = parts;
    for (const inventory of stored) this.#byName.set(inventory.name, inventory);
  }

  /** Reads the inventories. Call `finishInventories` before the records are read. */
  static async load(parts: InventoriesParts): Promise<Inventories> {
    return new Inventories(parts, await parts.store.listInventories());
  }

  /** All inventories by name. */
  list(): Inventory[] {
    return [...this.#byName.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, putAt, putBy, putId }) => ({
        name,
        putAt,
        putBy,
        putId,
        machines: this.#parts.machines.declaredBy(name).size,
      }));
  }

  find(name: string): Inventory | undefined {
    return this.list().find((inventory) => inventory.name === name);
  }

  /** Runs `work` when no set is being replaced; only in it, `replace` may be called. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(work);
  }

  /** Resolves when the replacement is durable and visible. Rejects with a StoreError; then nothing has changed. */
  async replace(replacement: Replacement): Promise<void> {
    const { audit, by, isEnd, machines, name } = replacement;
    const { newId, now, pause, store } = this.#parts;
    await this.#finish(name);
    const inventory = { name, putAt: now(), putBy: by, putId: newId() };
    const changes = storedChanges(replacement, inventory.putAt);
    const isStaged = changes.length > BATCH_MAX;
    if (isStaged) await this.#stage(inventory.putId, changes);
    await store.commitInventory({ inventory, isStaged, isEnd, audit, changes: isStaged ? [] : changes });
    if (isEnd) this.#byName.delete(name);
    else this.#byName.set(name, { ...inventory, state: 'whole' });
    await this.#parts.machines.replaceStored(name, machines, pause);
    if (isStaged) await this.#moveOrRetry(name);
  }

  /** Stops trying to move staged changes; they are moved at the next start. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#turns.take(() => undefined);
    clearTimeout(this.#retry);
  }

  async #stage(putId: string, changes: readonly MachineChange[]): Promise<void> {
    const { store } = this.#parts;
    try {
      for (let from = 0; from < changes.length; from += BATCH_MAX) {
        await store.stageChanges(putId, from, changes.slice(from, from + BATCH_MAX));
      }
    } catch (error) {
      // What stays is in nobody's way, and is dropped at the next start.
      await store.dropStaged().catch(() => undefined);
      throw error;
    }
  }

  async #finish(name: string): Promise<void> {
    while (!(await this.#parts.store.moveStaged(name, BATCH_MAX)).isDone);
  }

  /** The set is valid and durable already, so that a failure here is no failure of the replacement. */
  async #moveOrRetry(name: string): Promise<void> {
    try {
      await this.#finish(name);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        this.#parts.log.error(
          { err: error, inventory: name },
          'the records of an inventory could not be stored yet; this will be tried again',
        );
      }
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => void this.#turns.take(() => this.#moveOrRetry(name)), RETRY_MS).unref();
    }
  }
}

/**
 * Finishes what a process that ended left: committed changes are moved into the records, others are dropped. Call this
 * before the records are read.
 */
export async function finishInventories(store: InventoryStore): Promise<void> {
  await store.dropStaged();
  for (const { name, state } of await store.listInventories()) {
    if (state === 'whole') continue;
    while (!(await store.moveStaged(name, BATCH_MAX)).isDone);
  }
}

/** The changes of records. Removals come first: their cards and addresses may belong to added machines. */
function storedChanges({ difference, name: source }: Replacement, at: Date): MachineChange[] {
  const { added, changed, removed } = difference;
  return [
    ...removed.map(({ id }) => toStoredChange({ kind: 'machine.gone', source, id, at, detail: {} })),
    ...changed.map(({ after, before }) =>
      toStoredChange({
        kind: 'machine.changed',
        source,
        id: after.id,
        at,
        machine: after,
        detail: { fields: changedFields(toMachineRecord(before), toMachineRecord(after)) },
      }),
    ),
    ...added.map((machine) =>
      toStoredChange({ kind: 'machine.declared', source, id: machine.id, at, machine, detail: {} }),
    ),
  ];
}
