import type { z } from 'zod';
import type { LifeEvent, LifeEventKind } from '../provision/machines/lifecycle/life-event.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { Permission } from '../api/permissions.ts';
import { VERB_TABLE, type VerbName, type VerbParameters } from '../api/schemas/verbs.ts';
import type { MachineSubject } from './machine-subject.ts';

/** The parameters of one call of a verb, and its circumstances. */
export interface VerbCall<P> {
  readonly parameters: P;
  /** Why, in the words of whoever asks; may be empty. */
  readonly reason: string;
  /** The name of whoever asks. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** How long an arm lasts if the call does not say, in milliseconds. */
  readonly armMs: number;
}

/** The reason of a call, or who made it if no reason was given: what a condition says of itself. */
export function reasonOf({ by, reason }: Pick<VerbCall<object>, 'by' | 'reason'>): string {
  return reason === '' ? `by ${by}` : reason;
}

/** What a verb changes. */
export interface VerbEffect {
  /** What happens to the life of the machine. */
  readonly event: LifeEvent;
  /** A record that the verb makes, in the source `approved`. */
  readonly record?: Machine;
}

/**
 * One thing that can be done to a machine, for REST and the command line alike. Whether it is possible in the machine's
 * state is in the transition table, and not here.
 */
export interface Verb<P extends object = object> {
  readonly name: VerbName;
  readonly permission: Permission;
  readonly parameters: z.ZodType<P>;
  /** The event that it causes, by which it is known beforehand whether it is possible. */
  readonly eventKind: LifeEventKind;
  /**
   * Why it is not possible for another reason than the state; undefined if it is. Without parameters: whether it is
   * possible at all.
   */
  readonly refuse?: (subject: MachineSubject, parameters?: P) => string | undefined;
  /** Whether what the call asks for is the case already, so that nothing is to be changed. */
  readonly isDone?: (subject: MachineSubject, call: VerbCall<P>) => boolean;
  readonly effect: (subject: MachineSubject, call: VerbCall<P>) => VerbEffect;
  /** The parameters for the audit. */
  readonly detail?: (parameters: P) => JsonObject;
}

/** A verb of the table, with the type of its own parameters within its definition. */
export function defineVerb<const N extends VerbName>(
  name: N,
  verb: Omit<Verb<VerbParameters<N>>, 'name' | 'parameters' | 'permission'>,
): Verb {
  const { parameters, permission } = VERB_TABLE[name];
  // The parameters are parsed by the verb's own schema before they are passed to it.
  return { name, parameters, permission, ...verb } as unknown as Verb;
}
