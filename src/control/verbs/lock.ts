import { z } from 'zod';
import { defineVerb, reasonOf } from '../verb.ts';

/** Forbids to arm, retire or delete a machine. */
export const lock = defineVerb({
  name: 'lock',
  summary: 'forbid to arm, retire or delete a machine',
  permission: 'machines:manage',
  parameters: z.strictObject({}),
  eventKind: 'lock',
  effect: (_subject, call) => ({ event: { kind: 'lock', message: reasonOf(call) } }),
});
