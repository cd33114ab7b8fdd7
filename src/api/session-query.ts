import { z } from 'zod';
import { BOOT_PHASES } from '../provision/history/boot-phase.ts';
import { BOOT_VERDICTS } from '../provision/history/boot-timeline.ts';

/** Query of `GET /api/v1/sessions`. */
export const sessionQuerySchema = z.strictObject({
  /** The id of a machine. */
  machine: z.string().optional(),
  phase: z.enum(BOOT_PHASES).optional(),
  verdict: z.enum(BOOT_VERDICTS).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
