import { z } from 'zod';
import type { JsonObject } from '../../provision/json-value.ts';
import { defineRoute } from '../route.ts';
import { machineDetailSchema } from '../schemas/machine.ts';
import { objectOf, reasonText } from '../schemas/values.ts';
import { MACHINE_EXAMPLE, machineParams } from './machines.ts';

const DOCUMENT = {
  id: 'node1',
  mac: '52:54:00:a1:9c:ae',
  hostname: 'node1',
  address: '10.0.1.21',
  labels: { rack: '1' },
} as const;
const SHOWN = { ...MACHINE_EXAMPLE, sources: ['api'], actions: { hold: { allowed: true } } } as const;

const document = objectOf<JsonObject>().meta({
  description:
    'A machine in the form of a document under machines/, as JSON; docs/profiles-and-groups.md has the fields.',
});
const reasonQuery = z.strictObject({ reason: reasonText });
const EDIT_ERRORS = [
  'managed_by_files',
  'managed_by_inventory',
  'machine_locked',
  'identity_conflict',
  'not_stored',
] as const;

export const MACHINE_RECORD_ROUTES = {
  createMachine: defineRoute({
    method: 'POST',
    path: '/machines',
    operation: 'createMachine',
    tag: 'machines',
    summary: 'Make a machine that is kept in the database',
    permission: 'machines:manage',
    query: reasonQuery,
    body: document,
    answers: { 201: { description: 'The new machine.', schema: machineDetailSchema } },
    errors: ['already_exists', ...EDIT_ERRORS],
    example: { body: DOCUMENT, status: 201, answer: SHOWN },
  }),
  showMachineRecord: defineRoute({
    method: 'GET',
    path: '/machines/{id}/record',
    operation: 'showMachineRecord',
    tag: 'machines',
    summary: 'Show the record of a machine that is kept in the database, as a document',
    description:
      'Metadata is only shown to whoever may see secrets; a patch keeps what is not shown, and a replacement does not.',
    permission: 'machines:manage',
    params: machineParams,
    answers: { 200: { description: 'The document.', schema: document } },
    errors: ['not_found', 'managed_by_files', 'managed_by_inventory'],
    example: { params: { id: 'node1' }, status: 200, answer: DOCUMENT },
  }),
  replaceMachine: defineRoute({
    method: 'PUT',
    path: '/machines/{id}',
    operation: 'replaceMachine',
    tag: 'machines',
    summary: 'Make a machine that is kept in the database just as the document says, or make it',
    permission: 'machines:manage',
    params: machineParams,
    query: reasonQuery,
    body: document,
    answers: {
      200: { description: 'The machine after that.', schema: machineDetailSchema },
      201: { description: 'The new machine.', schema: machineDetailSchema },
    },
    errors: [...EDIT_ERRORS],
    conditional: true,
    example: { params: { id: 'node1' }, body: DOCUMENT, status: 200, answer: SHOWN },
  }),
  patchMachine: defineRoute({
    method: 'PATCH',
    path: '/machines/{id}',
    operation: 'patchMachine',
    tag: 'machines',
    summary: 'Change some fields of a machine that is kept in the database',
    description:
      'A JSON merge patch (RFC 7396): fields, labels and metadata that it names are changed, those that are null are removed, and all others stay.',
    permission: 'machines:manage',
    params: machineParams,
    query: reasonQuery,
    body: document,
    answers: { 200: { description: 'The machine after that.', schema: machineDetailSchema } },
    errors: ['not_found', ...EDIT_ERRORS],
    conditional: true,
    example: {
      params: { id: 'node1' },
      query: { reason: 'moved' },
      body: { labels: { rack: '7', slot: null } },
      status: 200,
      answer: SHOWN,
    },
  }),
};
