import { z } from 'zod';
import { filePath } from './values.ts';

/** `store`: what is remembered, and where. */
export const store = z
  .strictObject({
    file: filePath
      .prefault('data/railhead.db')
      .describe('The SQLite database with leases, discovered machines and boot events.'),
    synchronous: z
      .enum(['full', 'normal'])
      .prefault('full')
      .describe(
        '`full`: an acknowledged lease survives a power cut. `normal`: it survives the process, and answers are faster.',
      ),
    discovered_max: z
      .int()
      .min(1)
      .prefault(50_000)
      .describe('Discovered machines that are kept at most; those seen longest ago go first.'),
    event_days: z.int().min(1).prefault(90).describe('Days that boot events are kept.'),
    events_max: z
      .int()
      .min(1)
      .prefault(5_000_000)
      .describe(
        'Boot events that are kept at most; the oldest go first. Five million take some 2 GB, and are 30 boots of 10,000 machines.',
      ),
  })
  .prefault({});
