import type { Response } from 'express';
import { encodeCursor, type PagePosition } from '../../../api/list-form.ts';
import type { HISTORY_ROUTES } from '../../../api/routes/history.ts';
import {
  type EventStreamParts,
  followLogs,
  STREAM_TYPES,
  type StreamItem,
  type StreamType,
} from '../../../history/event-stream.ts';
import { parsePosition } from '../../../history/stream-position.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';
import type { AuditEntry, AuditQuery, AuditStore } from '../../../store/audit-store.ts';
import type { BootSessionStore } from '../../../store/boot-session-store.ts';
import type { EventStore } from '../../../store/event-store.ts';
import type { TransitionStore } from '../../../store/transition-store.ts';
import { ApiError } from '../api-error.ts';
import type { Call, Handlers } from '../handler.ts';
import { sendEvents } from '../stream/send-events.ts';
import type { StreamCounts } from '../stream/stream-counts.ts';
import { auditView, bootEventView, bootSessionView, transitionView } from './history-views.ts';

/** What the routes of history depend on. */
export interface HistoryRouteParts {
  readonly history: {
    readonly events: Pick<EventStore, 'listEvents'>;
    readonly sessions: Pick<BootSessionStore, 'findSession' | 'listSessions'>;
    readonly transitions: Pick<TransitionStore, 'listTransitions'>;
    readonly audit: Pick<AuditStore, 'listAudit'>;
  };
  readonly stream: EventStreamParts;
  readonly streams: StreamCounts;
  /** The network cards of a machine, declared or discovered; undefined if there is none of this id. */
  readonly cardsOf: (machineId: string) => readonly MacAddress[] | undefined;
  /** Whether the record of a machine has this label. */
  readonly hasLabel: (machineId: string, name: string, value: string) => boolean;
  readonly asOf: () => string;
}

const EXPORT_PAGE = 500;
/** Events of one boot that are shown: ten times as many as an ordinary one has. */
const SESSION_EVENTS_MAX = 1000;
const SORT = 'id';

export function historyHandlers(parts: HistoryRouteParts): Handlers<typeof HISTORY_ROUTES> {
  const { asOf, cardsOf, history, streams } = parts;
  return {
    listEvents: async ({ query: { after, cursor, kind, limit, mac, session } }) => {
      const as_of = asOf();
      const events = await history.events.listEvents({
        limit: limit + 1,
        ...(after !== undefined && { afterId: after }),
        ...beforeOf(cursor),
        ...(kind !== undefined && { kind }),
        ...(mac !== undefined && { mac }),
        ...(session !== undefined && { sessionId: session }),
      });
      if (after !== undefined) {
        // The oldest first: a reader goes on with the id of the last one.
        return {
          status: 200,
          body: { items: events.slice(0, limit).map(bootEventView), next_cursor: null, as_of },
        };
      }
      return { status: 200, body: pageOf(events.reverse(), limit, bootEventView, as_of) };
    },
    listMachineEvents: async ({ params: { id }, query: { cursor, kind, limit } }) => {
      const as_of = asOf();
      const macs = cardsOf(id);
      if (macs === undefined) throw new ApiError('not_found', `there is no machine ${id}`);
      const events =
        macs.length === 0
          ? []
          : await history.events.listEvents({
              macs,
              limit: limit + 1,
              ...beforeOf(cursor),
              ...(kind !== undefined && { kind }),
            });
      return { status: 200, body: pageOf(events.reverse(), limit, bootEventView, as_of) };
    },
    listTransitions: async ({ query: { cursor, kind, limit, machine } }) => {
      const as_of = asOf();
      const { beforeId: before } = beforeOf(cursor);
      const transitions = await history.transitions.listTransitions({
        limit: limit + 1,
        ...(before !== undefined && { before }),
        ...(machine !== undefined && { machineId: machine }),
        ...(kind !== undefined && { kind }),
      });
      const numbered = transitions.map((one) => ({ ...one, id: one.number }));
      return { status: 200, body: pageOf(numbered, limit, transitionView, as_of) };
    },
    listSessions: async ({ query: { cursor, limit, machine, phase, verdict } }) => {
      const as_of = asOf();
      const sessions = await history.sessions.listSessions({
        limit: limit + 1,
        ...(cursor !== undefined && { before: { startedAt: new Date(Number(cursor.key)), id: cursor.id } }),
        ...(machine !== undefined && { machineId: machine }),
        ...(phase !== undefined && { phase }),
        ...(verdict !== undefined && { verdict }),
      });
      const shown = sessions.slice(0, limit);
      const last = shown.at(-1);
      const next =
        sessions.length > limit && last !== undefined
          ? encodeCursor({ sort: SORT, key: last.startedAt.getTime(), id: last.id })
          : null;
      return { status: 200, body: { items: shown.map(bootSessionView), next_cursor: next, as_of } };
    },
    showSession: async ({ params: { session: id } }) => {
      const session = await history.sessions.findSession(id);
      if (session === undefined) throw new ApiError('not_found', `there is no boot ${id}`);
      const { mac } = session;
      const events = await history.events.listEvents({
        sessionId: id,
        limit: SESSION_EVENTS_MAX,
        ...(mac !== undefined && { mac }),
      });
      return { status: 200, body: { ...bootSessionView(session), events: events.map(bootEventView) } };
    },
    listAudit: async ({ query: { cursor, limit, ...wanted } }) => {
      const as_of = asOf();
      const entries = await history.audit.listAudit({
        ...filterOf(wanted),
        limit: limit + 1,
        ...beforeOf(cursor),
      });
      return { status: 200, body: pageOf(entries, limit, auditView, as_of) };
    },
    exportAudit: ({ context, query }) => ({
      stream: (response) => exportAudit(response, history.audit, filterOf(query), context.signal),
    }),
    streamEvents: (call) => {
      const release = streams.take(call.actor);
      if (release === undefined)
        throw new ApiError('too_many_streams', `${call.actor.name} has too many streams`);
      return { stream: (response) => streamTo(response, call, parts).finally(release) };
    },
  };
}

type StreamCall = Call<(typeof HISTORY_ROUTES)['streamEvents']>;

async function streamTo(response: Response, call: StreamCall, parts: HistoryRouteParts): Promise<void> {
  const { actor, context, query } = call;
  const wantedAfter = context.lastEventId ?? query.after;
  const from = parsePosition(wantedAfter ?? parts.asOf());
  if (from === undefined) {
    throw new ApiError(
      'bad_query',
      'after: is not a position of this stream; use the as_of of a list, or none',
    );
  }
  const types = new Set<StreamType>(
    STREAM_TYPES.filter(
      (type) =>
        (query.types === undefined || query.types.has(type)) &&
        (type !== 'audit' || actor.permissions.has('audit:read')),
    ),
  );
  const batches = followLogs(parts.stream, from, types, context.signal);
  await sendEvents(response, { batches, from, wants: (item) => isWanted(item, query, parts) });
}

function isWanted(
  { kind, mac, machineId, type }: StreamItem,
  query: StreamCall['query'],
  { hasLabel }: HistoryRouteParts,
): boolean {
  if (query.machine !== undefined && machineId !== query.machine) return false;
  if (query.kind !== undefined && kind !== query.kind) return false;
  // A transition or an entry of the audit concerns a machine, and no network card.
  if (query.mac !== undefined && (type !== 'boot_event' || mac !== query.mac)) return false;
  if (query.label === undefined) return true;
  const split = query.label.indexOf('=');
  const [name, value] = [query.label.slice(0, split), query.label.slice(split + 1)];
  return machineId !== undefined && hasLabel(machineId, name, value);
}

async function exportAudit(
  response: Response,
  audit: Pick<AuditStore, 'listAudit'>,
  filter: Omit<AuditQuery, 'limit'>,
  signal: AbortSignal,
): Promise<void> {
  response.status(200).type('application/x-ndjson');
  let afterId = 0;
  for (;;) {
    const page: readonly AuditEntry[] = await audit.listAudit({ ...filter, afterId, limit: EXPORT_PAGE });
    if (signal.aborted) return;
    const text = page.map((entry) => `${JSON.stringify(auditView(entry))}\n`).join('');
    if (!response.write(text))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    if (page.length < EXPORT_PAGE) break;
    afterId = page.at(-1)?.id ?? afterId;
  }
  response.end();
}

/** Only what was asked for. */
function filterOf(
  query: {
    readonly [K in 'actor' | 'verb' | 'target']?: string | undefined;
  } & { outcome?: AuditEntry['outcome'] | undefined; since?: Date | undefined; until?: Date | undefined },
) {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Omit<
    AuditQuery,
    'limit'
  >;
}

function beforeOf(cursor: PagePosition | undefined): { readonly beforeId?: number } {
  return cursor === undefined ? {} : { beforeId: Number(cursor.key) };
}

/** A page of a list by falling ids. One more than the page was read, to know whether there is another. */
function pageOf<T extends { readonly id: number }, V>(
  found: readonly T[],
  limit: number,
  view: (one: T) => V,
  as_of: string,
): { items: V[]; next_cursor: string | null; as_of: string } {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next =
    found.length > limit && last !== undefined
      ? encodeCursor({ sort: SORT, key: last.id, id: String(last.id) })
      : null;
  return { items: shown.map(view), next_cursor: next, as_of };
}
