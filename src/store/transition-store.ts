import type { JsonObject } from '../provision/json-value.ts';

/** What can become of a machine's record. */
export type TransitionKind = 'machine.declared' | 'machine.discovered' | 'machine.changed' | 'machine.gone';

/** A change of a machine's record that is about to be written. */
export interface NewTransition {
  readonly at: Date;
  readonly machineId: string;
  readonly kind: TransitionKind;
  /** Who says so: 'files', 'discovered', or the name of an inventory. */
  readonly source: string;
  readonly detail: JsonObject;
}

/** A change of a machine's record that is durable. */
export interface Transition extends NewTransition {
  /** Counts from 1 without gaps, in the order in which the changes became visible. */
  readonly number: number;
}

/** Reads the durable log of transitions. They are written with the change that they tell of. */
export interface TransitionStore {
  /** The transitions that follow number `after` (0: from the first), at most `limit` of them, in order. */
  readTransitions(query: { readonly after: number; readonly limit: number }): Promise<Transition[]>;
  /** The number of the latest transition; 0 before the first. */
  lastTransition(): Promise<number>;
}
