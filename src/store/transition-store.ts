import type { LifeEventKind } from '../provision/machines/lifecycle/life-event.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { LogRetention } from './retention.ts';

/** The kinds of change of a machine's record and of its life. */
export type TransitionKind =
  | 'machine.declared'
  | 'machine.discovered'
  | 'machine.changed'
  | 'machine.gone'
  | `life.${LifeEventKind}`
  /** Everything that was kept about the life of a machine was deleted. */
  | 'life.deleted';

/** A change of a machine that is to be written. */
export interface NewTransition {
  readonly at: Date;
  readonly machineId: string;
  readonly kind: TransitionKind;
  /** The source: 'files', 'discovered', or the name of an inventory; of an event of its life, who caused it. */
  readonly source: string;
  readonly detail: JsonObject;
}

/** A change of a machine that is durable. */
export interface Transition extends NewTransition {
  /** Counts from 1 without gaps, in the order in which the changes became visible. */
  readonly number: number;
}

/** Transitions of one read, without a gap before or between them; or the information that some were deleted. */
export type TransitionPage =
  | { readonly kind: 'transitions'; readonly transitions: readonly Transition[] }
  /**
   * Some transitions after the requested number were deleted, the last of them with number `deletedTo`: continue
   * reading after it.
   */
  | { readonly kind: 'deleted'; readonly deletedTo: number };

/** Which transitions to list. */
export interface TransitionQuery {
  /** Those before this number; absent: the newest. */
  readonly before?: number;
  readonly machineId?: string;
  readonly kind?: string;
  readonly limit: number;
}

/**
 * The durable log of transitions. Transitions are written together with the changes that they describe; the oldest are
 * deleted. A number is never used twice.
 */
export interface TransitionStore {
  /** The transitions that follow number `after` (0: from the first), at most `limit` of them, in order. */
  readTransitions(query: { readonly after: number; readonly limit: number }): Promise<TransitionPage>;
  /** The newest first. */
  listTransitions(query: TransitionQuery): Promise<Transition[]>;
  /** The number of the latest transition, deleted or not; 0 before the first. */
  lastTransition(): Promise<number>;
  /** Deletes the oldest transitions beyond the limits, a limited number at a time, and returns how many it deleted. */
  pruneTransitions(retention: LogRetention): Promise<number>;
}
