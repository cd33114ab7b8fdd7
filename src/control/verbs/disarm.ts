import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Takes an arm back before the machine has used it. */
export const disarm = defineVerb({
  name: 'disarm',
  summary: 'take the permission to boot back',
  permission: 'machines:operate',
  parameters: z.strictObject({}),
  eventKind: 'disarm',
  effect: () => ({ event: { kind: 'disarm' } }),
});
