import { z } from 'zod';

/** `log`: what is written to standard output. */
export const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .prefault('info')
      .describe('The least serious lines that are written.'),
  })
  .prefault({});
