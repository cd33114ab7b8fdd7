import { defineVerb } from '../verb.ts';

/** Lets a machine that is held go on. */
export const release = defineVerb('release', {
  eventKind: 'release',
  effect: () => ({ event: { kind: 'release' } }),
});
