import { defineVerb } from '../verb.ts';

/** Permits changes of a machine again. */
export const unlock = defineVerb('unlock', {
  eventKind: 'unlock',
  effect: () => ({ event: { kind: 'unlock' } }),
});
