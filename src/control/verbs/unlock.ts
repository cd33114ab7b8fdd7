import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Permits changes of a machine again. */
export const unlock = defineVerb({
  name: 'unlock',
  summary: 'permit changes of a machine again',
  permission: 'machines:manage',
  parameters: z.strictObject({}),
  eventKind: 'unlock',
  effect: () => ({ event: { kind: 'unlock' } }),
});
