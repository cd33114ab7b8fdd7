import { z } from 'zod';
import { selectorDocument } from '../documents/selector-document.ts';
import { OPTION_TYPES } from '../protocol/dhcp/option-value.ts';
import { bootProgramFault } from '../provision/boot/boot-programs.ts';
import { LOCAL_BOOT_SETTINGS } from '../provision/boot/local-boot.ts';

const ID = z
  .string()
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/,
    'an id has 1 to 128 letters, digits, dots, dashes and underscores',
  );
const TEXTS = z.union([z.string(), z.array(z.string())]);
const METADATA = z.record(z.string(), z.json());

const NO_TEMPLATE = 'a template is a file below profiles/';

/** A relative path that cannot lead out of profiles/, as templates are named in a profile; `./a.bu` is `a.bu`. */
const TEMPLATE_NAME = z
  .string()
  .refine((name) => !name.startsWith('/') && !name.split(/[/\\]/).includes('..'), NO_TEMPLATE)
  .transform((name) => name.replace(/(^|\/)(?:\.?\/)+/g, '$1'))
  .refine((name) => name !== '' && name !== '.', NO_TEMPLATE);

/** An option for DHCP answers; its type may be omitted if the registry of options has it. */
const DHCP_OPTION = z.strictObject({
  code: z.int(),
  type: z.enum(OPTION_TYPES).optional(),
  value: z.unknown(),
});

/** Codes of DHCP options. */
const OPTION_CODES = z.array(z.int()).default([]);

/** The schema of `profiles/*.yaml`. */
export const profileDocument = z.strictObject({
  id: ID,
  name: z.string().optional(),
  boot: z
    .strictObject({
      kernel: z.string().min(1),
      initrd: z.array(z.string()).default([]),
      args: z.array(z.string()).default([]),
    })
    .optional(),
  ignition: z.union([TEMPLATE_NAME, z.array(TEMPLATE_NAME)]).default([]),
  generic: z.record(z.string(), TEMPLATE_NAME).default({}),
  lifecycle: z.enum(['install', 'live']).default('live'),
  protect: z.enum(['session']).optional(),
  unarmed: z.enum(['wait', 'local']).optional(),
  on_failure: z.enum(['hold', 'rescue', 'local']).optional(),
  rescue: ID.optional(),
  reset: ID.optional(),
  local_boot: z.enum(LOCAL_BOOT_SETTINGS).default('auto'),
  metadata: METADATA.default({}),
});

/** The schema of `groups/*.yaml`. */
export const groupDocument = z.strictObject({
  id: ID,
  name: z.string().optional(),
  profile: z.string(),
  priority: z.int().default(0),
  selector: selectorDocument.default({}),
  metadata: METADATA.default({}),
  dhcp_options: z.array(DHCP_OPTION).default([]),
  dhcp_force: OPTION_CODES,
  dhcp_suppress: OPTION_CODES,
  boot_programs: z.record(z.string(), z.string()).default({}),
  arm: z.enum(['auto']).optional(),
});

/** The schema of `machines/*.yaml`. */
export const machineDocument = z.strictObject({
  id: ID,
  mac: TEXTS.default([]),
  client_id: TEXTS.default([]),
  switch_port: z
    .strictObject({ circuit_id: z.string().optional(), remote_id: z.string().optional() })
    .optional(),
  uuid: z.string().optional(),
  serial: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  metadata: METADATA.default({}),
  address: TEXTS.optional(),
  hostname: z
    .string()
    .max(253)
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
      'a host name has labels of letters, digits and dashes',
    )
    .optional(),
  boot_program: z
    .string()
    .min(1)
    .refine((name) => bootProgramFault(name) === undefined, {
      error: ({ input }) => bootProgramFault(String(input)),
    })
    .optional(),
  dhcp_options: z.array(DHCP_OPTION.extend({ network: z.string().optional() })).default([]),
  dhcp_force: OPTION_CODES,
  dhcp_suppress: OPTION_CODES,
  lease_seconds: z.union([z.int().min(1).max(0xffff_fffe), z.literal('infinite')]).optional(),
  local_boot: z.enum(LOCAL_BOOT_SETTINGS).optional(),
  disabled: z.boolean().default(false),
});

/** The parts of a group that determine its machines. */
export const groupSelection = z.object({
  id: ID,
  priority: z.int().default(0),
  selector: selectorDocument.refine((selector) => Object.keys(selector).length > 0, 'a selector'),
});

export type ProfileDocument = z.infer<typeof profileDocument>;
export type GroupDocument = z.infer<typeof groupDocument>;
export type MachineDocument = z.infer<typeof machineDocument>;
