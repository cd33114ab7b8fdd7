import { z } from 'zod';

/** `lifecycle`: the lives of machines. */
export const lifecycle = z
  .strictObject({
    audit_days: z.int().min(1).prefault(365).describe('How many days entries of the audit are kept.'),
    audit_max: z
      .int()
      .min(1)
      .prefault(1_000_000)
      .describe('The most entries of the audit that are kept. The oldest are deleted first.'),
  })
  .prefault({});
