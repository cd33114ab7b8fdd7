import { z } from 'zod';

const TEXTS = z.union([z.string(), z.array(z.string())]);

/** What a selector may require of one label. */
const requirementDocument = z.union(
  [
    z.string(),
    z.array(z.string()).min(1),
    z.strictObject({
      cidr: TEXTS.optional(),
      in: z.array(z.string()).min(1).optional(),
      not_in: z.array(z.string()).min(1).optional(),
      prefix: TEXTS.optional(),
      regex: z.string().optional(),
      exists: z.boolean().optional(),
    }),
  ],
  'must be text, a list of texts, or one of cidr, in, not_in, prefix, regex, exists',
);

/** A selector as operators write it, of groups and of pools: a requirement for each label. */
export const selectorDocument = z.record(z.string(), requirementDocument);
