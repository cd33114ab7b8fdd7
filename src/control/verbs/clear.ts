import { defineVerb } from '../verb.ts';

/** Ends the state failed, and forgets the installations that looked like a loop. */
export const clear = defineVerb('clear', {
  eventKind: 'clear',
  effect: () => ({ event: { kind: 'clear' } }),
});
