import { defineVerb } from '../verb.ts';

/** Takes a retired machine back into service. */
export const restore = defineVerb('restore', {
  eventKind: 'restore',
  effect: () => ({ event: { kind: 'restore' } }),
});
