import type { JsonObject } from '../provision/json-value.ts';
import type { RecognisedBy } from '../provision/machines/recognised-by.ts';
import type { NewTransition, Transition } from './transition-store.ts';

/** One source's record of a machine. */
export interface StoredMachine {
  /** Who owns the record: 'files', or the name of an inventory. */
  readonly source: string;
  readonly id: string;
  readonly record: JsonObject;
}

/** A change of one record, and the transition that tells of it. */
export type MachineChange =
  | {
      readonly kind: 'put';
      readonly machine: StoredMachine;
      readonly transition: NewTransition;
      /** Discovered machines that are this one are deleted with the change: it is now declared. */
      readonly adopts: RecognisedBy;
    }
  | {
      readonly kind: 'delete';
      readonly source: string;
      readonly id: string;
      readonly transition: NewTransition;
    };

/** Keeps the records of machines, one for each source and id. */
export interface MachineStore {
  /** Every record, by source and id. */
  loadMachines(): Promise<StoredMachine[]>;
  /**
   * Carries out the changes in their order and appends their transitions, all in one transaction. Resolves with the
   * transitions once everything is durable: those of the changes in the same order, then a `machine.gone` of each
   * discovered machine that is declared now. Leases wait meanwhile, so some 500 changes a call are a good measure.
   */
  applyMachineChanges(changes: readonly MachineChange[]): Promise<Transition[]>;
}
