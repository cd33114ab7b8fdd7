import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Takes a retired machine back into service. */
export const restore = defineVerb({
  name: 'restore',
  summary: 'take a retired machine back into service',
  permission: 'machines:manage',
  parameters: z.strictObject({}),
  eventKind: 'restore',
  effect: () => ({ event: { kind: 'restore' } }),
});
