import { type EventStreamParts, type StreamItem } from '../history/event-stream.ts';
import { LogTail } from '../history/log-tail.ts';
import { formatPosition } from '../history/stream-position.ts';
import { auditView, bootEventView, transitionView } from '../server/operator-http/routes/history-views.ts';
import type { AuditEntry } from '../store/audit-store.ts';
import type { StoredBootEvent } from '../store/event-store.ts';
import type { Transition } from '../store/transition-store.ts';
import type { Services } from './services.ts';
import type { SharedServices } from './shared-services.ts';

/** What streams are made of, and how far the logs go. */
export interface ComposedStream {
  readonly parts: EventStreamParts;
  /** The present position, as lists give it. */
  readonly asOf: () => string;
}

/** How often it is looked whether the logs have grown, while nobody reads them. */
const LOOK_EVERY_MS = 1_000;

/** Follows the logs for event streams. */
export async function composeStream(
  { events, store, transitions }: Pick<SharedServices, 'events' | 'store' | 'transitions'>,
  services: Services,
): Promise<ComposedStream> {
  const bootEvents = new LogTail<StreamItem>({
    readAfter: async (afterId, limit) => (await store.events.listEvents({ afterId, limit })).map(itemOfEvent),
    findRange: () => store.events.findEventRange(),
  });
  const audit = new LogTail<StreamItem>({
    readAfter: async (afterId, limit) => (await store.audit.listAudit({ afterId, limit })).map(itemOfAudit),
    findRange: async () => {
      const [last] = await store.audit.listAudit({ limit: 1 });
      const [first] = await store.audit.listAudit({ afterId: 0, limit: 1 });
      return first && last && { first: first.id, last: last.id };
    },
  });
  events.onStored(() => bootEvents.noteWritten());
  // Many things write to the audit, so it is asked whether it has grown.
  const timer = setInterval(() => {
    void bootEvents.refresh();
    audit.noteWritten();
    void audit.refresh();
  }, LOOK_EVERY_MS).unref();
  for (const tail of [bootEvents, audit]) {
    tail.noteWritten();
    await tail.refresh();
  }
  services.add('event streams', {
    close: () => {
      clearInterval(timer);
      bootEvents.close();
      audit.close();
    },
  });
  return {
    parts: { bootEvents, audit, transitions, toItem: itemOfTransition },
    asOf: () =>
      formatPosition({ bootEvent: bootEvents.last, transition: transitions.last, audit: audit.last }),
  };
}

function itemOfEvent(event: StoredBootEvent): StreamItem {
  const { id, kind, mac, machineId } = event;
  return { id, type: 'boot_event', kind, mac, machineId, json: JSON.stringify(bootEventView(event)) };
}

function itemOfAudit(entry: AuditEntry): StreamItem {
  const { id, target, verb } = entry;
  return { id, type: 'audit', kind: verb, machineId: target, json: JSON.stringify(auditView(entry)) };
}

/** Every stream gets the same transitions, so that each is made into text once. */
const ITEMS = new WeakMap<Transition, StreamItem>();

function itemOfTransition(transition: Transition): StreamItem {
  const known = ITEMS.get(transition);
  if (known !== undefined) return known;
  const { kind, machineId, number } = transition;
  const item: StreamItem = {
    id: number,
    type: 'transition',
    kind,
    machineId,
    json: JSON.stringify(transitionView(transition)),
  };
  ITEMS.set(transition, item);
  return item;
}
