import { defineVerb, reasonOf } from '../verb.ts';

/** Forbids to arm, retire or delete a machine. */
export const lock = defineVerb('lock', {
  eventKind: 'lock',
  effect: (_subject, call) => ({ event: { kind: 'lock', message: reasonOf(call) } }),
});
