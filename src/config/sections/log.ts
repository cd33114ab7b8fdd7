import { z } from 'zod';
import { filePath } from './values.ts';

/** `log`: what is logged, and where. */
export const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .prefault('info')
      .describe('The lowest level of lines that are written.'),
    file: filePath
      .optional()
      .describe(
        'A file to append the log to, instead of standard output. After the file was renamed, SIGHUP opens a new one.',
      )
      .meta({ example: '/var/log/railhead/railhead.log' }),
  })
  .prefault({});
