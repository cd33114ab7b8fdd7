import { defineVerb } from '../verb.ts';

/** Takes an arm back before the machine has used it. */
export const disarm = defineVerb('disarm', {
  eventKind: 'disarm',
  effect: () => ({ event: { kind: 'disarm' } }),
});
