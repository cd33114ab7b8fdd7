import { defineVerb } from '../verb.ts';

/** Ends rescue: the machine returns to the state before it. */
export const unrescue = defineVerb('unrescue', {
  eventKind: 'unrescue',
  effect: () => ({ event: { kind: 'unrescue' } }),
});
