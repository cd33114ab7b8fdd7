import { z } from 'zod';
import { defineVerb, reasonOf } from '../verb.ts';

/** Keeps a machine waiting, whatever it asks for. */
export const hold = defineVerb({
  name: 'hold',
  summary: 'keep a machine waiting, whatever it asks for',
  permission: 'machines:operate',
  parameters: z.strictObject({}),
  eventKind: 'hold',
  effect: (_subject, call) => ({ event: { kind: 'hold', message: reasonOf(call) } }),
});
