import { z } from 'zod';

/** `unmatched`: what a machine without a group does. */
export const unmatched = z
  .enum(['wait', 'local', 'fail'])
  .prefault('wait')
  .describe(
    'What a machine without a group does: wait and ask again, boot from its disk, or stop with an error.',
  );

/** `poll_seconds`: how often a waiting machine asks again. */
export const pollSeconds = z
  .int()
  .min(1)
  .max(3600)
  .prefault(15)
  .describe('How often a waiting machine asks again.');
