import type { NewAuditEntry } from './audit-store.ts';
import type { MachineChange } from './machine-store.ts';
import type { Transition } from './transition-store.ts';

/** An inventory: when its set of machines was last replaced, and by whom. */
export interface StoredInventory {
  readonly name: string;
  readonly putAt: Date;
  /** Who replaced it, as the audit names them. */
  readonly putBy: string;
  /** The id of that replacement. */
  readonly putId: string;
  /**
   * `whole`: the records are those of the set. `moving`: changes of it are still staged; `ending`: the same, and after
   * the last one the inventory itself is deleted.
   */
  readonly state: 'whole' | 'moving' | 'ending';
}

/** A replacement of an inventory's set. What was staged under its `putId` is part of it. */
export interface InventoryCommit {
  readonly inventory: Omit<StoredInventory, 'state'>;
  /** Whether changes are staged under the id. */
  readonly isStaged: boolean;
  /** Whether the inventory itself is deleted. */
  readonly isEnd: boolean;
  readonly audit: NewAuditEntry;
  /** Changes that were not staged. */
  readonly changes: readonly MachineChange[];
}

/**
 * Stores the inventories. Their machines are records like those of other sources. Leases wait for transactions, so that
 * a large set is written in several: its changes are staged first, where nobody sees them; a small transaction then
 * makes them valid, all at once; and after that they are moved into the records. A process that ends before the moving
 * does finishes it at the next start.
 */
export interface InventoryStore {
  /** By name. */
  listInventories(): Promise<StoredInventory[]>;
  /** Keeps changes of the replacement `putId`, which nobody sees yet; `from` is the number of the first of them. */
  stageChanges(putId: string, from: number, changes: readonly MachineChange[]): Promise<void>;
  /** Makes a replacement valid, with its audit entry. Resolves with the transitions of `changes` once it is durable. */
  commitInventory(commit: InventoryCommit): Promise<Transition[]>;
  /**
   * Moves some staged changes of an inventory into the records, with their transitions. `isDone` if no more are staged,
   * also for an inventory without any.
   */
  moveStaged(
    name: string,
    limit: number,
  ): Promise<{ readonly transitions: Transition[]; readonly isDone: boolean }>;
  /** Deletes staged changes that no inventory is going to move: those of replacements that were not committed. */
  dropStaged(): Promise<void>;
}
