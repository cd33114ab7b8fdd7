import { z } from 'zod';
import { filePath } from './values.ts';

/** `log`: what is logged, and where. */
export const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .prefault('info')
      .describe('The least serious lines that are written.'),
    file: filePath
      .optional()
      .describe(
        'A file to append the log to, instead of standard output. SIGHUP opens it anew, after it was renamed.',
      )
      .meta({ example: '/var/log/railhead/railhead.log' }),
  })
  .prefault({});
