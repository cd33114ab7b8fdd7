import { z } from 'zod';
import { fieldsQuery, PAGE_QUERY, pageOf, sortQuery } from '../list-form.ts';
import { defineRoute } from '../route.ts';
import { MACHINE_FILTER } from '../schemas/machine-filter.ts';
import { machineDetailSchema, machineSchema, machineShownSchema } from '../schemas/machine.ts';
import { reasonText } from '../schemas/values.ts';

/** The id of a machine, or the MAC address of one of its network cards. */
export const machineParams = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(128)
    .meta({ description: 'The id of the machine, or the MAC address of one of its network cards.' }),
});

/** A machine in the examples of the documentation. */
export const MACHINE_EXAMPLE = {
  id: 'node1',
  state: 'installed',
  since: '2026-03-01T08:12:44.120Z',
  confirmed: true,
  conditions: [],
  installation: { at: '2026-03-01T08:12:44.120Z', release: '4593.2.5', disk: '/dev/sda' },
  macs: ['52:54:00:a1:9c:ae'],
  hostname: 'node1',
  address: '10.0.1.21',
  labels: { rack: '1' },
  sources: ['files'],
  conflicts: [],
  disabled: false,
  group: 'rack1',
  profile: 'worker',
} as const;

export const MACHINE_ROUTES = {
  listMachines: defineRoute({
    method: 'GET',
    path: '/machines',
    operation: 'listMachines',
    tag: 'machines',
    summary: 'List machines, declared and discovered',
    permission: 'machines:read',
    query: z.strictObject({
      ...PAGE_QUERY,
      ...MACHINE_FILTER,
      sort: sortQuery('id', 'state', 'hostname', 'since'),
      fields: fieldsQuery,
    }),
    answers: {
      200: { description: 'A page of machines.', schema: pageOf(machineSchema.partial()) },
    },
    errors: [],
    example: {
      query: { state: 'installed', label: 'rack=1', limit: '1' },
      status: 200,
      answer: { items: [MACHINE_EXAMPLE], next_cursor: 'WyJpZCIsIm5vZGUxIiwibm9kZTEiXQ', as_of: '4711' },
    },
  }),
  showMachine: defineRoute({
    method: 'GET',
    path: '/machines/{id}',
    operation: 'showMachine',
    tag: 'machines',
    summary: 'Show one machine, what can be done to it, and what it has told of itself',
    permission: 'machines:read',
    params: machineParams,
    answers: { 200: { description: 'The machine.', schema: machineShownSchema } },
    errors: ['not_found'],
    example: {
      params: { id: 'node1' },
      status: 200,
      answer: { ...MACHINE_EXAMPLE, actions: { hold: { allowed: true } }, reports: [] },
    },
  }),
  deleteMachine: defineRoute({
    method: 'DELETE',
    path: '/machines/{id}',
    operation: 'deleteMachine',
    tag: 'machines',
    summary: 'Delete all that is kept about a machine that nothing else declares',
    permission: 'machines:manage',
    params: machineParams,
    query: z.strictObject({ reason: reasonText }),
    answers: { 204: { description: 'Nothing is kept about it any more.' } },
    errors: ['not_found', 'invalid_transition', 'not_stored'],
    conditional: true,
    example: { params: { id: 'node1' }, query: { reason: 'sold' }, status: 204 },
  }),
};

/** The answer of every verb. */
export const VERB_ANSWER = { 200: { description: 'The machine after that.', schema: machineDetailSchema } };
