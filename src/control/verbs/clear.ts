import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Ends the state failed, and forgets the installations that looked like a loop. */
export const clear = defineVerb({
  name: 'clear',
  summary: 'take note of a failure, so that the machine can be armed again',
  permission: 'machines:operate',
  parameters: z.strictObject({}),
  eventKind: 'clear',
  effect: () => ({ event: { kind: 'clear' } }),
});
