import { z } from 'zod';
import { filePath } from './values.ts';

/** `log`: what is logged, and where. */
export const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .prefault('info')
      .describe('The lowest level that is logged.'),
    file: filePath
      .optional()
      .describe(
        'A file to append the log to, instead of standard output. SIGHUP reopens it, for example after logrotate renamed it.',
      )
      .meta({ example: '/var/log/railhead/railhead.log' }),
  })
  .prefault({});
