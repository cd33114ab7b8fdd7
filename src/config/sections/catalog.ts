import { z } from 'zod';
import { filePath } from './values.ts';

/** `catalog`: the place of profiles, groups and machines. */
export const catalog = z
  .strictObject({
    dir: filePath
      .prefault('.')
      .describe('The directory that holds `profiles/`, `groups/`, `machines/` and `assets/`.'),
    assets: filePath
      .optional()
      .describe(
        'The directory behind `/assets/`, for kernels and images; `assets` in `catalog.dir` by default.',
      )
      .meta({ example: '/var/lib/railhead/assets' }),
    watch: z
      .boolean()
      .prefault(true)
      .describe('Whether Railhead notices edits of the catalog and loads them. Otherwise SIGHUP loads them.'),
  })
  .prefault({});
