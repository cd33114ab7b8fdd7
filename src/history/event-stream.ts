import type { MacAddress } from '../protocol/mac-address.ts';
import { TransitionsDeleted, type TransitionLog } from './transition-log.ts';
import { EntriesDeleted, type LogTail } from './log-tail.ts';
import { Handoff } from './handoff.ts';
import type { StreamPosition } from './stream-position.ts';

/** The logs that a stream is made of. */
export const STREAM_TYPES = ['boot_event', 'transition', 'audit'] as const;
export type StreamType = (typeof STREAM_TYPES)[number];

/** Something that happened, ready to be sent. */
export interface StreamItem {
  /** Its id or number within its own log. */
  readonly id: number;
  readonly type: StreamType;
  readonly machineId?: string | undefined;
  readonly mac?: MacAddress | undefined;
  readonly kind: string;
  /** What is sent; made once for all streams. */
  readonly json: string;
}

/** What a stream depends on. */
export interface EventStreamParts {
  readonly bootEvents: LogTail<StreamItem>;
  readonly transitions: Pick<TransitionLog, 'last' | 'subscribe'>;
  readonly audit: LogTail<StreamItem>;
  readonly toItem: (transition: TransitionOf) => StreamItem;
}
type TransitionOf = Parameters<Parameters<TransitionLog['onWritten']>[0]>[0][number];

/** Items of one log, in their order; or the information that some were deleted before they could be sent. */
export type StreamBatch =
  | { readonly kind: 'items'; readonly type: StreamType; readonly items: readonly StreamItem[] }
  | { readonly kind: 'resync'; readonly type: StreamType; readonly deletedTo: number };

/**
 * Everything that follows a position in some of the logs, until `signal` aborts or the logs are closed. Each log is in its
 * own order and without gaps. Nothing is read before the caller asks for it, so that a slow caller needs no memory.
 * Throws what the store throws.
 */
export async function* followLogs(
  parts: EventStreamParts,
  from: StreamPosition,
  types: ReadonlySet<StreamType>,
  signal: AbortSignal,
): AsyncGenerator<StreamBatch, void, void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end);
  const handoff = new Handoff<StreamBatch>();
  ending.signal.addEventListener('abort', () => handoff.close());
  const failures: Error[] = [];
  const follow = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      failures.push(error as Error);
    } finally {
      // A log that ends was closed, and so are the others.
      end();
    }
  };
  if (signal.aborted) end();
  if (types.has('boot_event')) {
    void follow(pumpTail('boot_event', parts.bootEvents, from.bootEvent, handoff, ending.signal));
  }
  if (types.has('audit')) void follow(pumpTail('audit', parts.audit, from.audit, handoff, ending.signal));
  if (types.has('transition')) void follow(pumpTransitions(parts, from.transition, handoff, ending.signal));
  try {
    for (;;) {
      const batch = await handoff.take();
      if (batch === undefined) break;
      yield batch;
    }
    if (failures[0] !== undefined) throw failures[0];
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function pumpTail(
  type: StreamType,
  tail: LogTail<StreamItem>,
  after: number,
  handoff: Handoff<StreamBatch>,
  signal: AbortSignal,
): Promise<void> {
  let last = after;
  for (;;) {
    try {
      for await (const items of tail.follow(last, signal)) {
        last = items.at(-1)?.id ?? last;
        await handoff.put({ kind: 'items', type, items });
      }
      return;
    } catch (error) {
      if (!(error instanceof EntriesDeleted)) throw error;
      last = error.deletedTo;
      await handoff.put({ kind: 'resync', type, deletedTo: last });
    }
  }
}

async function pumpTransitions(
  { toItem, transitions }: EventStreamParts,
  after: number,
  handoff: Handoff<StreamBatch>,
  signal: AbortSignal,
): Promise<void> {
  let last = after;
  if (last > transitions.last) {
    last = transitions.last;
    await handoff.put({ kind: 'resync', type: 'transition', deletedTo: last });
  }
  for (;;) {
    try {
      for await (const transition of transitions.subscribe(last, signal)) {
        last = transition.number;
        await handoff.put({ kind: 'items', type: 'transition', items: [toItem(transition)] });
      }
      return;
    } catch (error) {
      if (!(error instanceof TransitionsDeleted)) throw error;
      last = error.deletedTo;
      await handoff.put({ kind: 'resync', type: 'transition', deletedTo: last });
    }
  }
}

/** The position after a batch. */
export function positionAfter(before: StreamPosition, batch: StreamBatch, item?: StreamItem): StreamPosition {
  const id = batch.kind === 'resync' ? batch.deletedTo : (item?.id ?? batch.items.at(-1)?.id);
  if (id === undefined) return before;
  switch (batch.type) {
    case 'boot_event':
      return { ...before, bootEvent: id };
    case 'transition':
      return { ...before, transition: id };
    case 'audit':
      return { ...before, audit: id };
  }
}
