import { z } from 'zod';
import { BOOT_EVENT_KINDS } from '../../provision/history/boot-event.ts';
import { BOOT_PHASES } from '../../provision/history/boot-phase.ts';
import { BOOT_VERDICTS } from '../../provision/history/boot-timeline.ts';
import { PAGE_QUERY, pageOf } from '../list-form.ts';
import { defineRoute } from '../route.ts';
import {
  AUDIT_OUTCOMES,
  auditSchema,
  bootEventSchema,
  bootSessionSchema,
  macQuery,
  timeQuery,
  transitionSchema,
} from '../schemas/history.ts';

const EVENT = {
  id: 4711,
  session: '0190f3c4-7b0e-7c55-9d41-0c8f4a3b2e10',
  at: '2026-03-01T08:00:04.118Z',
  kind: 'ipxe.sent',
  mac: '52:54:00:a1:9c:ae',
  address: '10.0.1.21',
  machine: 'node1',
  summary: 'sent the boot script of profile flatcar-worker',
  detail: { profile: 'flatcar-worker', group: 'workers' },
} as const;
const TRANSITION = {
  number: 1204,
  at: '2026-03-01T08:00:04.121Z',
  machine: 'node1',
  kind: 'life.script_served',
  source: 'machine',
  detail: { from: 'armed', to: 'booting' },
} as const;
const SESSION = {
  id: EVENT.session,
  machine: 'node1',
  mac: EVENT.mac,
  address: EVENT.address,
  started_at: '2026-03-01T08:00:00.003Z',
  last_at: EVENT.at,
  phase: 'script',
  verdict: 'stuck',
  text: 'the boot script was sent, and no kernel was requested within 60 s',
  advice: 'the console shows what iPXE says',
  steps: [{ phase: 'dhcp', at: '2026-03-01T08:00:00.003Z', summary: 'offered 10.0.1.21' }],
} as const;
const AUDIT = {
  id: 88,
  at: '2026-03-01T07:58:00.000Z',
  actor: 'token:anna',
  address: '10.0.9.7',
  verb: 'arm',
  target: 'node1',
  reason: 'new disk',
  outcome: 'done',
  request_id: '1f8a9c3e-4f0e-4c11-8a55-0d0f3c1b2a99',
  detail: { from: 'ready', purpose: 'install' },
} as const;

const machineParams = z.strictObject({ id: z.string().max(253) });
const after = z.coerce.number().int().min(0).optional();
const kinds = z.enum(BOOT_EVENT_KINDS).optional().meta({ description: 'Only events of this kind.' });

const eventQuery = z.strictObject({
  ...PAGE_QUERY,
  after: after.meta({
    description: 'Only events with a higher id, the oldest first; without it the newest are first.',
  }),
  kind: kinds,
  mac: macQuery.meta({ description: 'Only events of this MAC address.' }),
  session: z.string().max(64).optional().meta({ description: 'Only events of this boot.' }),
});

const sessionQuery = z.strictObject({
  ...PAGE_QUERY,
  machine: z.string().max(253).optional().meta({ description: 'Only boots of this machine.' }),
  phase: z.enum(BOOT_PHASES).optional().meta({ description: 'Only boots whose latest phase is this.' }),
  verdict: z.enum(BOOT_VERDICTS).optional().meta({ description: 'Only boots with this verdict.' }),
});

const AUDIT_QUERY = {
  actor: z.string().max(200).optional().meta({ description: 'Only what this actor did.' }),
  verb: z.string().max(64).optional().meta({ description: 'Only this verb.' }),
  target: z.string().max(253).optional().meta({ description: 'Only what was done to this.' }),
  outcome: z.enum(AUDIT_OUTCOMES).optional().meta({ description: 'Only entries with this outcome.' }),
  since: timeQuery.meta({ description: 'Only entries from this time on.' }),
  until: timeQuery.meta({ description: 'Only entries before this time.' }),
};

export const HISTORY_ROUTES = {
  listEvents: defineRoute({
    method: 'GET',
    path: '/events',
    operation: 'listEvents',
    tag: 'history',
    summary: 'List the events of boots, the newest first',
    permission: 'machines:read',
    query: eventQuery,
    answers: { 200: { description: 'A page of events.', schema: pageOf(bootEventSchema) } },
    errors: [],
    example: {
      query: { mac: '52:54:00:a1:9c:ae' },
      status: 200,
      answer: { items: [EVENT], next_cursor: null, as_of: 'e4711.t1204.a88' },
    },
  }),
  streamEvents: defineRoute({
    method: 'GET',
    path: '/events/stream',
    operation: 'streamEvents',
    tag: 'history',
    summary: 'Follow what happens, as server-sent events',
    description:
      'Sends `boot_event`, `transition` and, to whoever may read it, `audit`, each in its own order and without gaps, and `resync` where old entries were deleted before they could be sent: then read the lists again. The id of each is a position: the stream goes on after the one in the header `Last-Event-ID` or in `after`, for which the `as_of` of a list can be given; without either it begins now. A comment comes every 15 seconds. A reader that takes nothing for 30 seconds is cut off, and can connect again.',
    permission: 'machines:read',
    query: z.strictObject({
      after: z.string().max(100).optional().meta({ description: 'A position, as the `as_of` of a list.' }),
      types: z
        .string()
        .regex(
          /^(boot_event|transition|audit)(,(boot_event|transition|audit))*$/,
          'names types, separated by commas',
        )
        .transform((text) => new Set(text.split(',')))
        .optional()
        .meta({ description: 'Only these types, as `boot_event,transition`.' }),
      machine: z.string().max(253).optional().meta({ description: 'Only what concerns this machine.' }),
      mac: macQuery.meta({ description: 'Only events of this MAC address.' }),
      kind: z.string().max(64).optional().meta({ description: 'Only events or transitions of this kind.' }),
      label: z
        .string()
        .max(512)
        .regex(/^[^=]+=/, 'is a label and its value, as rack=7')
        .optional()
        .meta({ description: 'Only what concerns machines whose record has this label, as `rack=7`.' }),
    }),
    answers: { 200: { description: 'Server-sent events.', media: 'text/event-stream' } },
    errors: ['too_many_streams'],
    example: { query: { after: 'e4711.t1204.a88' }, status: 200 },
  }),
  listTransitions: defineRoute({
    method: 'GET',
    path: '/transitions',
    operation: 'listTransitions',
    tag: 'history',
    summary: 'List the changes of machines, the newest first',
    permission: 'machines:read',
    query: z.strictObject({
      ...PAGE_QUERY,
      machine: z.string().max(253).optional().meta({ description: 'Only changes of this machine.' }),
      kind: z.string().max(64).optional().meta({ description: 'Only changes of this kind.' }),
    }),
    answers: { 200: { description: 'A page of changes.', schema: pageOf(transitionSchema) } },
    errors: [],
    example: {
      query: { machine: 'node1' },
      status: 200,
      answer: { items: [TRANSITION], next_cursor: null, as_of: 'e4711.t1204.a88' },
    },
  }),
  listSessions: defineRoute({
    method: 'GET',
    path: '/sessions',
    operation: 'listSessions',
    tag: 'history',
    summary: 'List boots, the latest first: how far each got, and why no further',
    permission: 'machines:read',
    query: sessionQuery,
    answers: { 200: { description: 'A page of boots.', schema: pageOf(bootSessionSchema) } },
    errors: [],
    example: {
      query: { verdict: 'stuck' },
      status: 200,
      answer: { items: [SESSION], next_cursor: null, as_of: 'e4711.t1204.a88' },
    },
  }),
  showSession: defineRoute({
    method: 'GET',
    path: '/sessions/{session}',
    operation: 'showSession',
    tag: 'history',
    summary: 'Show a boot with its events, the oldest first',
    permission: 'machines:read',
    params: z.strictObject({ session: z.string().max(64) }),
    answers: {
      200: {
        description: 'The boot.',
        schema: z.strictObject({ ...bootSessionSchema.shape, events: z.array(bootEventSchema) }),
      },
    },
    errors: ['not_found'],
    example: { params: { session: SESSION.id }, status: 200, answer: { ...SESSION, events: [EVENT] } },
  }),
  listMachineEvents: defineRoute({
    method: 'GET',
    path: '/machines/{id}/events',
    operation: 'listMachineEvents',
    tag: 'history',
    summary: 'List the events of boots of one machine, the newest first',
    permission: 'machines:read',
    params: machineParams,
    query: z.strictObject({ ...PAGE_QUERY, kind: kinds }),
    answers: { 200: { description: 'A page of events.', schema: pageOf(bootEventSchema) } },
    errors: ['not_found'],
    example: {
      params: { id: 'node1' },
      status: 200,
      answer: { items: [EVENT], next_cursor: null, as_of: 'e4711.t1204.a88' },
    },
  }),
  listAudit: defineRoute({
    method: 'GET',
    path: '/audit',
    operation: 'listAudit',
    tag: 'history',
    summary: 'List what people and programs did, or were refused, the newest first',
    permission: 'audit:read',
    query: z.strictObject({ ...PAGE_QUERY, ...AUDIT_QUERY }),
    answers: { 200: { description: 'A page of entries.', schema: pageOf(auditSchema) } },
    errors: [],
    example: {
      query: { target: 'node1' },
      status: 200,
      answer: { items: [AUDIT], next_cursor: null, as_of: 'e4711.t1204.a88' },
    },
  }),
  exportAudit: defineRoute({
    method: 'GET',
    path: '/audit/export',
    operation: 'exportAudit',
    tag: 'history',
    summary: 'Export the audit as JSON lines, the oldest entry first',
    permission: 'audit:read',
    query: z.strictObject(AUDIT_QUERY),
    answers: { 200: { description: 'One entry on each line.', media: 'application/x-ndjson' } },
    errors: [],
    example: { query: { since: '2026-03-01T00:00:00Z' }, status: 200 },
  }),
};
