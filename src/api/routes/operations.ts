import { z } from 'zod';
import type { JsonObject } from '../../provision/json-value.ts';
import { PAGE_QUERY, pageOf } from '../list-form.ts';
import { defineRoute } from '../route.ts';
import { MACHINE_FILTER } from '../schemas/machine-filter.ts';
import {
  OPERATION_VERBS,
  operationMachineSchema,
  operationSchema,
  type OperationVerb,
} from '../schemas/operation.ts';
import { objectOf, reasonText } from '../schemas/values.ts';

/** Machines of one operation. */
export const OPERATION_MACHINES_MAX = 20_000;

const EXAMPLE = {
  id: '5a1f6a0e-3f51-4f5e-9a53-2b9a0c1d2e3f',
  verb: 'hold',
  parameters: {},
  reason: 'power work in row 7',
  state: 'previewed',
  digest: 'q1w2e3r4t5z6u7i8o9p0aa',
  created_at: '2026-03-01T08:00:00.000Z',
  created_by: 'token:anna',
  started_at: null,
  started_by: null,
  finished_at: null,
  machines: 42,
  possible: 41,
  done: 0,
  failed: 0,
} as const;
const STARTED = {
  ...EXAMPLE,
  state: 'running',
  started_at: '2026-03-01T08:00:20.000Z',
  started_by: 'token:anna',
} as const;

const operationParams = z.strictObject({ operation: z.string().max(64) });

export const OPERATION_ROUTES = {
  listOperations: defineRoute({
    method: 'GET',
    path: '/operations',
    operation: 'listOperations',
    tag: 'operations',
    summary: 'List the latest operations, the newest first',
    permission: 'machines:read',
    answers: {
      200: { description: 'Operations.', schema: z.strictObject({ items: z.array(operationSchema) }) },
    },
    errors: [],
    example: { status: 200, answer: { items: [EXAMPLE] } },
  }),
  previewOperation: defineRoute({
    method: 'POST',
    path: '/operations',
    operation: 'previewOperation',
    tag: 'operations',
    summary: 'Find out what would be done to many machines, and for which of them it is possible',
    description:
      'Nothing is done yet. The machines are those of `ids`, or all that fit `filter`, which has the parameters of `GET /machines`. The permission of the verb is needed. `patch` changes records that are kept in the database; its parameters are a JSON merge patch.',
    permission: 'machines:read',
    body: z
      .strictObject({
        verb: z.enum(OPERATION_VERBS as unknown as readonly [OperationVerb, ...OperationVerb[]]),
        parameters: objectOf<JsonObject>()
          .optional()
          .meta({ description: 'What the verb takes, as over `POST /machines/{id}/VERB`.' }),
        reason: reasonText,
        ids: z.array(z.string().min(1).max(253)).min(1).max(OPERATION_MACHINES_MAX).optional(),
        filter: z.strictObject(MACHINE_FILTER).optional(),
      })
      .refine(
        ({ filter, ids }) => (filter === undefined) !== (ids === undefined),
        'needs either ids or filter',
      ),
    answers: { 201: { description: 'The preview.', schema: operationSchema } },
    errors: ['too_many_machines', 'not_stored'],
    example: {
      body: { verb: 'hold', reason: 'power work in row 7', filter: { label: ['row=7'] } },
      status: 201,
      answer: EXAMPLE,
    },
  }),
  showOperation: defineRoute({
    method: 'GET',
    path: '/operations/{operation}',
    operation: 'showOperation',
    tag: 'operations',
    summary: 'Show an operation and how far it is',
    permission: 'machines:read',
    params: operationParams,
    answers: { 200: { description: 'The operation.', schema: operationSchema } },
    errors: ['not_found'],
    example: { params: { operation: EXAMPLE.id }, status: 200, answer: STARTED },
  }),
  listOperationMachines: defineRoute({
    method: 'GET',
    path: '/operations/{operation}/machines',
    operation: 'listOperationMachines',
    tag: 'operations',
    summary: 'List the machines of an operation, each with its verdict and what became of it',
    permission: 'machines:read',
    params: operationParams,
    query: z.strictObject({
      ...PAGE_QUERY,
      case: z
        .enum(['possible', 'refused', 'done', 'failed', 'waiting'])
        .optional()
        .meta({ description: 'Only machines of which this is the case.' }),
    }),
    answers: { 200: { description: 'A page of machines.', schema: pageOf(operationMachineSchema) } },
    errors: ['not_found'],
    example: {
      params: { operation: EXAMPLE.id },
      query: { case: 'refused' },
      status: 200,
      answer: {
        items: [{ id: 'node9', refusal: 'it is locked: in production' }],
        next_cursor: null,
        as_of: 'e4711.t1204.a88',
      },
    },
  }),
  applyOperation: defineRoute({
    method: 'POST',
    path: '/operations/{operation}/apply',
    operation: 'applyOperation',
    tag: 'operations',
    summary: 'Do what was previewed, if nothing has changed since',
    description:
      'If a machine has changed, the answer is 409 `operation_changed`, and the operation has a new preview and a new digest. Machines for which it is not possible are left out. Where all on the disks is lost (`reinstall`, `reset`, `delete`), `confirm` must be the number of machines for which it is possible.',
    permission: 'machines:read',
    params: operationParams,
    body: z.strictObject({
      digest: z.string().max(64).meta({ description: 'That of the preview.' }),
      concurrency: z.int().min(1).max(32).default(4).meta({ description: 'Machines at a time.' }),
      max_failures: z
        .int()
        .min(1)
        .max(OPERATION_MACHINES_MAX)
        .default(5)
        .meta({ description: 'After so many failures the rest is left.' }),
      confirm: z.int().optional().meta({ description: 'The number of machines whose disks are lost.' }),
    }),
    answers: { 202: { description: 'It has begun.', schema: operationSchema } },
    errors: ['not_found', 'operation_changed', 'operation_not_previewed', 'not_confirmed', 'not_stored'],
    example: {
      params: { operation: EXAMPLE.id },
      body: { digest: EXAMPLE.digest, concurrency: 8 },
      status: 202,
      answer: STARTED,
    },
  }),
  cancelOperation: defineRoute({
    method: 'POST',
    path: '/operations/{operation}/cancel',
    operation: 'cancelOperation',
    tag: 'operations',
    summary: 'Stop an operation; what was done to machines stays done',
    permission: 'machines:read',
    params: operationParams,
    answers: { 200: { description: 'The operation after that.', schema: operationSchema } },
    errors: ['not_found', 'not_stored'],
    example: {
      params: { operation: EXAMPLE.id },
      status: 200,
      answer: { ...STARTED, state: 'cancelled', finished_at: '2026-03-01T08:00:30.000Z', done: 12 },
    },
  }),
};
