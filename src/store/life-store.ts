import type { JsonObject } from '../provision/json-value.ts';
import type { Life } from '../provision/machines/lifecycle/life.ts';
import type { NewAuditEntry } from './audit-store.ts';
import type { MachineChange } from './machine-store.ts';
import type { NewTransition, Transition } from './transition-store.ts';

/** A change of what is kept about a machine's life, and all that must become durable together with it. */
export interface LifeChange {
  readonly machineId: string;
  /** The new value; absent to delete it. */
  readonly life?: Life;
  /** Whether all that the machine has reported is deleted with it. */
  readonly deletesReports?: boolean;
  readonly transition: NewTransition;
  /** Present if somebody asked for the change. */
  readonly audit?: NewAuditEntry;
  /** The machine's record, if the change makes or removes one, as approval does. */
  readonly record?: MachineChange;
}

/** Stores the lives of machines: one value for each machine that something has happened to. */
export interface LifeStore {
  /** By machine. The value is what an earlier or later version wrote, so that its reader must check it. */
  loadLives(): Promise<{ readonly machineId: string; readonly life: JsonObject }[]>;
  /**
   * Makes the changes in order, in one transaction: lives, records, transitions and audit entries. Resolves with the
   * transitions once everything is durable. Leases wait meanwhile, so a call should have no more than some 500 changes.
   */
  applyLifeChanges(changes: readonly LifeChange[]): Promise<Transition[]>;
}
