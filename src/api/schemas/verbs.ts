import { z } from 'zod';
import { ARM_PURPOSES } from '../../provision/machines/lifecycle/life.ts';
import type { Permission } from '../permissions.ts';

const ARM_MINUTES_MAX = 30 * 24 * 60;
const ATTEMPTS_MAX = 10;
const LABELS_MAX = 64;

/** What every verb that arms takes. */
const armParameters = z.strictObject({
  ttl_minutes: z
    .int()
    .min(1)
    .max(ARM_MINUTES_MAX)
    .optional()
    .meta({ description: 'Within how many minutes the machine must begin to boot.' }),
  attempts: z
    .int()
    .min(1)
    .max(ATTEMPTS_MAX)
    .default(1)
    .meta({ description: 'How often an installation may begin.' }),
});
export type ArmParameters = z.output<typeof armParameters>;

const NOTHING = z.strictObject({});

/** Labels that a machine is given. */
const labels = z
  .record(z.string().min(1).max(128), z.string().max(1024))
  .refine((given) => Object.keys(given).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`)
  .default({});

/** What the table says of one verb. */
export interface VerbDefinition {
  /** One line for help and documentation. */
  readonly summary: string;
  readonly permission: Permission;
  readonly parameters: z.ZodObject;
}

/** Everything that can be done to a machine except deleting it, in the order of a machine's life. */
export const VERB_TABLE = {
  approve: {
    summary: 'make a discovered machine one of ours, with labels by which groups select it',
    permission: 'machines:manage',
    parameters: z.strictObject({
      labels,
      group: z
        .string()
        .min(1)
        .max(253)
        .optional()
        .meta({ description: 'The group that is to select it: it gets the labels that the selector names.' }),
      hostname: z.string().min(1).max(253).optional(),
    }),
  },
  reject: {
    summary: 'refuse a discovered machine: it gets nothing, and is not listed as waiting',
    permission: 'machines:manage',
    parameters: NOTHING,
  },
  arm: {
    summary: 'permit a machine to boot once what its profile says: to install, or to run in memory',
    permission: 'machines:operate',
    parameters: armParameters.extend({
      purpose: z
        .enum(ARM_PURPOSES)
        .optional()
        .meta({ description: "Without it, what the machine's profile is for." }),
    }),
  },
  disarm: {
    summary: 'take the permission to boot back',
    permission: 'machines:operate',
    parameters: NOTHING,
  },
  reinstall: {
    summary: 'install a machine again that is installed; everything on its disk is lost',
    permission: 'machines:operate',
    parameters: armParameters.extend({
      confirm: z.string().meta({ description: 'The id of the machine once more.' }),
    }),
  },
  reset: {
    summary: 'have the profile for a reset reset the installed system when the machine restarts',
    permission: 'machines:operate',
    parameters: armParameters,
  },
  rescue: {
    summary: 'boot the rescue system when the machine restarts',
    permission: 'machines:operate',
    parameters: armParameters,
  },
  unrescue: {
    summary: 'leave the rescue system: the next boot is the usual one',
    permission: 'machines:operate',
    parameters: NOTHING,
  },
  adopt: {
    summary: 'say that a machine was installed by other means, so that it boots from its disk',
    permission: 'machines:operate',
    parameters: NOTHING,
  },
  clear: {
    summary: 'take note of a failure, so that the machine can be armed again',
    permission: 'machines:operate',
    parameters: NOTHING,
  },
  hold: {
    summary: 'keep a machine waiting, whatever it asks for',
    permission: 'machines:operate',
    parameters: NOTHING,
  },
  release: {
    summary: 'let a machine that is held go on',
    permission: 'machines:operate',
    parameters: NOTHING,
  },
  lock: {
    summary: 'forbid to arm, retire or delete a machine',
    permission: 'machines:manage',
    parameters: NOTHING,
  },
  unlock: {
    summary: 'permit changes of a machine again',
    permission: 'machines:manage',
    parameters: NOTHING,
  },
  retire: {
    summary: 'take a machine out of service: it gets nothing any more',
    permission: 'machines:manage',
    parameters: NOTHING,
  },
  restore: {
    summary: 'take a retired machine back into service',
    permission: 'machines:manage',
    parameters: NOTHING,
  },
} as const satisfies Readonly<Record<string, VerbDefinition>>;

export type VerbName = keyof typeof VERB_TABLE;

/** The parameters of a verb, as its schema returns them. */
export type VerbParameters<N extends VerbName> = z.output<(typeof VERB_TABLE)[N]['parameters']>;
