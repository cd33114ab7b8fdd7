import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Forbids to arm, retire or delete a machine. */
export const lock = defineVerb({
  name: 'lock',
  summary: 'forbid to arm, retire or delete a machine',
  permission: 'machines:manage',
  parameters: z.strictObject({}),
  eventKind: 'lock',
  effect: (_subject, { by, reason }) => ({
    event: { kind: 'lock', message: reason === '' ? `by ${by}` : reason },
  }),
});
