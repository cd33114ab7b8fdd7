import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Ends rescue: the machine returns to the state before it. */
export const unrescue = defineVerb({
  name: 'unrescue',
  summary: 'leave the rescue system: the next boot is the usual one',
  permission: 'machines:operate',
  parameters: z.strictObject({}),
  eventKind: 'unrescue',
  effect: () => ({ event: { kind: 'unrescue' } }),
});
