import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Lets a machine that is held go on. */
export const release = defineVerb({
  name: 'release',
  summary: 'let a machine that is held go on',
  permission: 'machines:operate',
  parameters: z.strictObject({}),
  eventKind: 'release',
  effect: () => ({ event: { kind: 'release' } }),
});
