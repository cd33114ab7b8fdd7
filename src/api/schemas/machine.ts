import { z } from 'zod';
import {
  ARM_PURPOSES,
  CONDITION_TYPES,
  FAILURE_CAUSES,
  LIFE_STATES,
} from '../../provision/machines/lifecycle/life.ts';
import type { FactChange } from '../../provision/machines/reports/facts-changes.ts';
import type { MachineFacts } from '../../provision/machines/reports/machine-facts.ts';
import { objectOf, timeText, type View } from './values.ts';

const conditionSchema = z.strictObject({
  type: z.enum(CONDITION_TYPES),
  since: timeText,
  message: z.string(),
});

const armSchema = z.strictObject({
  purpose: z.enum(ARM_PURPOSES),
  expires_at: timeText,
  attempts_left: z.int(),
  by: z.string(),
  reason: z.string(),
});

const installationSchema = z.strictObject({
  at: timeText,
  release: z.string().optional(),
  disk: z.string().optional(),
  config_hash: z.string().optional().meta({ description: 'SHA-256 of the config that was installed.' }),
  generation: z.string().optional().meta({ description: 'The generation of the catalog it is from.' }),
});

const sessionSchema = z.strictObject({
  id: z.string(),
  started_at: timeText,
  purpose: z.enum(ARM_PURPOSES),
  mac: z.string(),
  address: z.string(),
});

/** A machine as lists show it: without metadata, tokens and other secrets. */
export const machineSchema = z
  .strictObject({
    id: z.string(),
    state: z.enum(LIFE_STATES),
    since: timeText.optional().meta({ description: 'Absent while nothing has happened to it yet.' }),
    confirmed: z.boolean().meta({ description: 'Whether the running system has reported.' }),
    conditions: z.array(conditionSchema),
    arm: armSchema.optional(),
    failure: z
      .strictObject({ cause: z.enum(FAILURE_CAUSES), message: z.string(), permanent: z.boolean() })
      .optional(),
    installation: installationSchema.optional(),
    session: sessionSchema.optional().meta({ description: 'The latest boot that has tokens.' }),
    macs: z.array(z.string()),
    uuid: z.string().optional(),
    serial: z.string().optional(),
    hostname: z.string().optional(),
    address: z.string().optional(),
    labels: z.record(z.string(), z.string()),
    sources: z
      .array(z.string())
      .meta({ description: 'The sources that declare it; empty for a machine that was only discovered.' }),
    conflicts: z.array(z.string()).meta({
      description: 'A sentence for each value in which sources differ or that another machine claims.',
    }),
    disabled: z.boolean(),
    group: z.string().optional(),
    profile: z.string().optional(),
    local_boot: z.string().optional().meta({ description: 'How it boots from its disk, in words.' }),
    problem: z.string().optional().meta({ description: 'Why it has no profile.' }),
    manufacturer: z.string().optional(),
    product: z.string().optional(),
    first_seen_at: timeText.optional(),
    last_seen_at: timeText.optional(),
  })
  .meta({ id: 'Machine' });

/** Whether something can be done to a machine now, and if not, why. */
export const actionSchema = z.union([
  z.strictObject({ allowed: z.literal(true) }),
  z.strictObject({ allowed: z.literal(false), reason: z.string() }),
]);

/** A machine with what can be done to it. */
export const machineDetailSchema = machineSchema
  .extend({ actions: z.record(z.string(), actionSchema) })
  .meta({ id: 'MachineDetail' });

/** The same with what the machine has told of itself. */
export const machineShownSchema = machineDetailSchema
  .extend({
    hardware: z
      .strictObject({
        reported_at: timeText,
        changed_at: timeText.meta({ description: 'Since when it is as it is.' }),
        facts: objectOf<MachineFacts>(),
        changes: z.array(z.strictObject({ at: timeText, changes: z.array(objectOf<FactChange>()) })),
      })
      .optional()
      .meta({ description: 'Absent if the machine has reported no hardware.' }),
    reports: z.array(
      z.strictObject({
        at: timeText,
        status: z.string(),
        phase: z.string().optional(),
        message: z.string(),
        permanent: z.boolean().optional(),
        release: z.string().optional(),
        disk: z.string().optional(),
        config_hash: z.string().optional(),
        generation: z.string().optional(),
        log: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'MachineShown' });

export type MachineLifeView = View<typeof machineSchema>;
export type ActionView = View<typeof actionSchema>;
export type MachineDetailView = View<typeof machineDetailSchema>;
export type MachineShownView = View<typeof machineShownSchema>;
/** The part of it that the machine has told of itself. */
export type MachineHistoryView = Pick<MachineShownView, 'hardware' | 'reports'>;
