import { z } from 'zod';
import { parseMac } from '../protocol/mac-address.ts';
import { BOOT_EVENT_KINDS } from '../provision/history/boot-event.ts';

/** Query of `GET /api/v1/events`. */
export const eventQuerySchema = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  kind: z.enum(BOOT_EVENT_KINDS).optional(),
  mac: z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return undefined;
      const mac = parseMac(text);
      if (mac !== undefined) return mac;
      context.addIssue('is not a MAC address');
      return z.NEVER;
    }),
});
