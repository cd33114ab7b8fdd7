import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Takes a machine out of service. */
export const retire = defineVerb({
  name: 'retire',
  summary: 'take a machine out of service: it gets nothing any more',
  permission: 'machines:manage',
  parameters: z.strictObject({}),
  eventKind: 'retire',
  effect: () => ({ event: { kind: 'retire' } }),
});
