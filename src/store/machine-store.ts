import type { JsonObject } from '../provision/json-value.ts';
import type { RecognisedBy } from '../provision/machines/recognised-by.ts';
import type { NewAuditEntry } from './audit-store.ts';
import type { NewTransition, Transition } from './transition-store.ts';

/** One source's record of a machine. */
export interface StoredMachine {
  /** The source of the record: 'files', or the name of an inventory. */
  readonly source: string;
  readonly id: string;
  readonly record: JsonObject;
}

/** A change of one record, with its transition. */
export type MachineChange =
  | {
      readonly kind: 'put';
      readonly machine: StoredMachine;
      readonly transition: NewTransition;
      /** Discovered machines that are this machine are deleted with the change, since it is now declared. */
      readonly adopts: RecognisedBy;
    }
  | {
      readonly kind: 'delete';
      readonly source: string;
      readonly id: string;
      readonly transition: NewTransition;
    };

/** Stores the records of machines, one for each source and id. */
export interface MachineStore {
  /** Every record, by source and id. */
  loadMachines(): Promise<StoredMachine[]>;
  /**
   * Makes the changes in order and appends their transitions, and the audit entries of those that somebody asked for,
   * all in one transaction. Resolves with the transitions once everything is durable: those of the changes in the same
   * order, then a `machine.gone` of each discovered machine that is now declared. Leases wait meanwhile, so a call
   * should have no more than some 500 changes.
   */
  applyMachineChanges(
    changes: readonly MachineChange[],
    audit?: readonly NewAuditEntry[],
  ): Promise<Transition[]>;
}
