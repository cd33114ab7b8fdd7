import { defineVerb } from '../verb.ts';

/** Says that a machine was installed by other means. */
export const adopt = defineVerb('adopt', {
  eventKind: 'adopt',
  effect: () => ({ event: { kind: 'adopt' } }),
});
