import { z } from 'zod';
import type { JsonObject } from '../../provision/json-value.ts';
import { objectOf, timeText, type View } from './values.ts';
import { VERB_TABLE, type VerbName } from './verbs.ts';

/**
 * previewed: nothing has been done yet. stopped: too many failed, so that the rest was left. cancelled: somebody stopped
 * it. interrupted: the server ended while it ran.
 */
export const OPERATION_STATES = [
  'previewed',
  'running',
  'done',
  'stopped',
  'cancelled',
  'interrupted',
] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

/** What can be done to many machines: every verb, to delete them, and to patch their records. */
export const OPERATION_VERBS = [...(Object.keys(VERB_TABLE) as VerbName[]), 'delete', 'patch'] as const;
export type OperationVerb = (typeof OPERATION_VERBS)[number];

export const operationMachineSchema = z.strictObject({
  id: z.string(),
  refusal: z
    .string()
    .optional()
    .meta({ description: 'Why it is not possible for this machine; absent if it is.' }),
  result: z.enum(['done', 'failed']).optional().meta({ description: 'Absent until it was its turn.' }),
  message: z.string().optional().meta({ description: 'Why it failed.' }),
});

export const operationSchema = z
  .strictObject({
    id: z.string(),
    verb: z.enum(OPERATION_VERBS as unknown as readonly [OperationVerb, ...OperationVerb[]]),
    parameters: objectOf<JsonObject>(),
    reason: z.string(),
    state: z.enum(OPERATION_STATES),
    digest: z.string().meta({ description: 'Of the machines, their states and what is possible.' }),
    created_at: timeText,
    created_by: z.string(),
    started_at: timeText.nullable(),
    started_by: z.string().nullable(),
    finished_at: timeText.nullable(),
    machines: z.int().meta({ description: 'How many machines it is about.' }),
    possible: z.int().meta({ description: 'For how many of them it is possible.' }),
    done: z.int(),
    failed: z.int(),
  })
  .meta({ id: 'Operation' });
export type OperationView = View<typeof operationSchema>;
