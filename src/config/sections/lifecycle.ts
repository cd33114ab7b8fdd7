import { z } from 'zod';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const MINUTES_MAX = 30 * 24 * 60;
const GRACE_SECONDS_MAX = 60 * 60;

const minutes = z.int().min(1).max(MINUTES_MAX);

/** `lifecycle`: how long the steps in the lives of machines may take, and how long what was done is remembered. */
export const lifecycle = z
  .strictObject({
    stall_minutes: minutes
      .prefault(5)
      .describe('A machine that boots or installs and takes no step for this long is marked as `stalled`.'),
    boot_minutes: minutes
      .prefault(30)
      .describe('How long an armed machine may take from its boot script to its Ignition config.'),
    install_minutes: minutes
      .prefault(60)
      .describe('How long an installation may take until the machine reports that it is installed.'),
    arm_minutes: minutes
      .prefault(24 * 60)
      .describe(
        'How long after it was armed a machine may begin to boot, unless `railhead machines arm --ttl` says otherwise.',
      ),
    token_grace_seconds: z
      .int()
      .min(1)
      .max(GRACE_SECONDS_MAX)
      .prefault(120)
      .describe(
        'How long after the first successful fetch the same machine may fetch a document again with the same token, since answers get lost.',
      ),
    audit_days: z.int().min(1).prefault(365).describe('How many days entries of the audit are kept.'),
    audit_max: z
      .int()
      .min(1)
      .prefault(1_000_000)
      .describe('The most entries of the audit that are kept. The oldest are deleted first.'),
  })
  .prefault({});

/** The times of the section in milliseconds. */
export interface LifecycleTimes {
  readonly stallAfterMs: number;
  readonly bootMs: number;
  readonly installMs: number;
  readonly armMs: number;
  readonly tokenGraceMs: number;
}

/** The times of the section in milliseconds. */
export function toLifecycleTimes(settings: z.output<typeof lifecycle>): LifecycleTimes {
  return {
    stallAfterMs: settings.stall_minutes * MINUTE_MS,
    bootMs: settings.boot_minutes * MINUTE_MS,
    installMs: settings.install_minutes * MINUTE_MS,
    armMs: settings.arm_minutes * MINUTE_MS,
    tokenGraceMs: settings.token_grace_seconds * SECOND_MS,
  };
}
