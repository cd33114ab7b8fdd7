import { z } from 'zod';
import { parseMac } from '../../protocol/mac-address.ts';
import { BOOT_EVENT_KINDS } from '../../provision/history/boot-event.ts';
import { BOOT_PHASES } from '../../provision/history/boot-phase.ts';
import { BOOT_VERDICTS } from '../../provision/history/boot-timeline.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { objectOf, timeText, type View } from './values.ts';

/** One step of a boot. */
export const bootEventSchema = z
  .strictObject({
    id: z.int().meta({ description: 'Rises in the order in which events were recorded.' }),
    session: z.string().meta({ description: 'The boot that it belongs to.' }),
    at: timeText,
    kind: z.enum(BOOT_EVENT_KINDS),
    mac: z.string().optional(),
    address: z.string().optional(),
    machine: z.string().optional(),
    summary: z.string(),
    detail: objectOf<JsonObject>(),
  })
  .meta({ id: 'BootEvent' });
export type BootEventView = View<typeof bootEventSchema>;

/** A change of a machine's record or life. */
export const transitionSchema = z
  .strictObject({
    number: z.int().meta({ description: 'Counts all changes without gaps.' }),
    at: timeText,
    machine: z.string(),
    kind: z.string().meta({ description: '`life.EVENT` for its life, `machine.…` for its record.' }),
    source: z.string().meta({ description: 'Who or what caused it.' }),
    detail: objectOf<JsonObject>(),
  })
  .meta({ id: 'Transition' });
export type TransitionView = View<typeof transitionSchema>;

const stepSchema = z.strictObject({ phase: z.enum(BOOT_PHASES), at: timeText, summary: z.string() });

/** One boot of one machine. */
export const bootSessionSchema = z
  .strictObject({
    id: z.string(),
    machine: z.string().optional(),
    mac: z.string().optional(),
    address: z.string().optional(),
    started_at: timeText,
    last_at: timeText,
    phase: z.enum(BOOT_PHASES).optional().meta({ description: 'The latest phase that was reached.' }),
    verdict: z.enum(BOOT_VERDICTS),
    text: z.string().meta({ description: 'What happened last, and what should have come next.' }),
    advice: z.string().optional().meta({ description: 'The usual cause, and what to do.' }),
    steps: z.array(stepSchema),
  })
  .meta({ id: 'BootSession' });
export type BootSessionView = View<typeof bootSessionSchema>;

export const AUDIT_OUTCOMES = ['done', 'refused', 'denied'] as const;

/** What somebody did, or was not permitted to do. */
export const auditSchema = z
  .strictObject({
    id: z.int(),
    at: timeText,
    actor: z.string(),
    address: z.string().optional().meta({ description: 'Where the request came from.' }),
    verb: z.string(),
    target: z.string().meta({ description: 'The id of a machine, or kind and id, as `token:7h2k9d0s1m4q`.' }),
    reason: z.string(),
    outcome: z.enum(AUDIT_OUTCOMES),
    request_id: z.string().optional(),
    detail: objectOf<JsonObject>(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditView = View<typeof auditSchema>;

/** `mac=52:54:00:00:00:01`, in any notation. */
export const macQuery = z
  .string()
  .transform((text, context) => {
    const mac = parseMac(text);
    if (mac !== undefined) return mac;
    context.addIssue('is not a MAC address');
    return z.NEVER;
  })
  .optional();

/** A time in a query. */
export const timeQuery = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .optional();
