import { defineVerb } from '../verb.ts';

/** Takes a machine out of service. */
export const retire = defineVerb('retire', {
  eventKind: 'retire',
  effect: () => ({ event: { kind: 'retire' } }),
});
