import { defineVerb, reasonOf } from '../verb.ts';

/** Keeps a machine waiting, whatever it asks for. */
export const hold = defineVerb('hold', {
  eventKind: 'hold',
  effect: (_subject, call) => ({ event: { kind: 'hold', message: reasonOf(call) } }),
});
