import { z } from 'zod';
import { timeText, type View } from './values.ts';

export const problemPlaceSchema = z.strictObject({
  file: z.string(),
  line: z.int().optional(),
  column: z.int().optional(),
  message: z.string(),
});

const generationSchema = z.strictObject({
  id: z.string().meta({ description: 'A hash of its content.' }),
  loaded_at: timeText,
  from: z
    .enum(['files', 'kept'])
    .meta({ description: '`kept`: the last good files, since the current ones cannot be read.' }),
  kept_at: timeText.optional(),
  profiles: z.int(),
  groups: z.int(),
  machines: z.int(),
});

export const pastGenerationSchema = z.strictObject({
  ...generationSchema.shape,
  problems: z.int(),
  warnings: z.int(),
});

/** The names of conditions say what is the case if all is well. */
const conditionSchema = z.strictObject({
  type: z.enum(['Serving', 'Current', 'Valid']),
  status: z.boolean(),
  message: z.string(),
});

export const catalogSchema = z.strictObject({
  generation: generationSchema.optional().meta({ description: 'Absent while nothing serves.' }),
  checked_at: timeText.meta({ description: 'When the files were last read.' }),
  load_ms: z.number().optional(),
  conditions: z.array(conditionSchema),
  problems: z.array(problemPlaceSchema).meta({ description: 'Machines that a problem concerns wait.' }),
  warnings: z.array(problemPlaceSchema),
  stand_ins: z
    .array(z.strictObject({ file: z.string(), since: timeText }))
    .meta({ description: 'Files of which an earlier version serves, and when that was first found good.' }),
});
export type CatalogView = View<typeof catalogSchema>;

export const groupSchema = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  profile: z.string(),
  priority: z.int(),
  selector: z
    .array(z.strictObject({ label: z.string(), requirement: z.string() }))
    .meta({ description: 'What it requires of labels; empty: it selects every machine.' }),
  arm: z.literal('auto').optional(),
  metadata_keys: z
    .array(z.string())
    .meta({ description: 'The names of its metadata; the values can be secrets.' }),
  problem: z.string().optional().meta({ description: 'Why its machines wait.' }),
});
export type GroupView = View<typeof groupSchema>;

export const profileSchema = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  lifecycle: z.enum(['install', 'live']),
  protect: z.literal('session').optional(),
  boot: z
    .strictObject({ kernel: z.string(), initrd: z.array(z.string()), args: z.array(z.string()) })
    .optional()
    .meta({ description: 'Before they are rendered.' }),
  ignition: z.array(z.string()).meta({ description: 'Templates, each merged over the ones before it.' }),
  generic: z.array(z.strictObject({ name: z.string(), template: z.string() })),
  metadata_keys: z.array(z.string()),
  groups: z.array(z.string()).meta({ description: 'The groups whose machines boot it.' }),
  problem: z.string().optional(),
});
export type ProfileView = View<typeof profileSchema>;

export const templateSchema = z.strictObject({
  name: z.string().meta({ description: 'The path below profiles/.' }),
  profiles: z.array(z.string()).meta({ description: 'The profiles that use it.' }),
});

export const assetSchema = z.strictObject({
  path: z.string().meta({ description: 'Below /assets/.' }),
  size: z.int(),
  modified_at: timeText,
  profiles: z.array(z.string()).meta({ description: 'Profiles that name it as kernel or initrd.' }),
});
export type AssetView = View<typeof assetSchema>;

export const explanationSchema = z.strictObject({
  machine: z.string().nullable(),
  recognised_by: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  decision: z.string().meta({ description: '`boot`, `wait`, `local` or `refuse`.' }),
  reason: z.string().nullable().meta({ description: 'Why it does not boot.' }),
  conflicts: z.array(z.string()),
  group: z.string().nullable(),
  profile: z.string().nullable(),
  lifecycle: z.array(z.string()),
  others: z
    .array(z.strictObject({ group: z.string(), reason: z.string() }))
    .meta({ description: 'Every other group, with the first requirement that it does not meet.' }),
});
