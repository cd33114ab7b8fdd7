import { z } from 'zod';
import { defineVerb } from '../verb.ts';

/** Says that a machine was installed by other means. */
export const adopt = defineVerb({
  name: 'adopt',
  summary: 'say that a machine was installed by other means, so that it boots from its disk',
  permission: 'machines:operate',
  parameters: z.strictObject({}),
  eventKind: 'adopt',
  effect: () => ({ event: { kind: 'adopt' } }),
});
