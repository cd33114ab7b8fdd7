import type { Logger } from 'pino';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import { type BootPhase, hasReached } from '../provision/history/boot-phase.ts';
import type { BootDiagnosis } from '../provision/history/boot-timeline.ts';
import type { BootEvent, BootEventSink } from '../provision/history/boot-event.ts';
import { SessionProgress, type BootSessionSummary } from '../provision/history/session-progress.ts';
import { orderFault } from '../provision/history/step-order.ts';
import type { BootSessionStore } from '../store/boot-session-store.ts';
import type { NewBootEvent } from '../store/event-store.ts';
import { StoreError } from '../store/store-error.ts';

/** What the tracker depends on. */
export interface SessionTrackerParts {
  readonly store: Pick<BootSessionStore, 'recordSessions'>;
  readonly events: BootEventSink;
  readonly log: Logger;
  readonly now: () => Date;
  readonly times?: SessionTimes | undefined;
}

/** Takes how long boots and their phases took. */
export interface SessionTimes {
  /** A phase is over, since the next one has begun. */
  phaseEnded(phase: BootPhase, seconds: number): void;
  /** A session has come to an end, or to a halt. It may still go on and come to another one; each is told once. */
  ended(outcome: BootOutcome, seconds: number): void;
}

/** A verdict on a session that does not move. */
export type BootOutcome = Exclude<BootDiagnosis['verdict'], 'moving'>;

/** Sessions that are followed; beyond it the one without events for the longest time is followed no more. */
const SESSIONS_MAX = 20_000;
const LOOK_EVERY_MS = 1_000;
/** Rows of one transaction; leases wait meanwhile. */
const BATCH_MAX = 100;

interface Followed {
  readonly progress: SessionProgress;
  /** Where the latest script was sent to. */
  scriptAddress: Ipv4Address | undefined;
  /** When the next step is overdue; undefined if nothing is expected. */
  dueAtMs: number | undefined;
  isStuck: boolean;
  /** The outcomes that were told; each is told once. */
  readonly outcomes: Set<BootOutcome>;
}

/**
 * Follows every boot session by its events: how far it got, and, once its next step is overdue, where it is stuck and
 * what the usual cause is. Summaries are written in the background. A session that gets stuck, and a step that is out of
 * order, are events of their own.
 */
export class SessionTracker {
  readonly #parts: SessionTrackerParts;
  readonly #followed = new Map<string, Followed>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(parts: SessionTrackerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Resolves when everything noted is stored, or the error is logged. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  /** Takes an event that was recorded. */
  note(event: NewBootEvent): void {
    if (OWN.has(event.kind)) return;
    const followed = this.#follow(event.sessionId);
    const { progress, scriptAddress } = followed;
    const fault = orderFault(event, { phase: progress.phase, scriptAddress });
    const last = progress.steps.at(-1);
    progress.add(event);
    const next = progress.steps.at(-1);
    if (last !== undefined && next !== undefined && next !== last)
      this.#parts.times?.phaseEnded(last.phase, secondsBetween(last.at, next.at));
    followed.isStuck = false;
    if (SCRIPTS.has(event.kind)) followed.scriptAddress = event.address;
    this.#assess(event.sessionId, followed);
    if (fault !== undefined) this.#tell(event, fault.kind, fault.summary, {});
  }

  /** Finds the sessions whose next step is overdue, and writes what has changed. */
  look(): void {
    const nowMs = this.#parts.now().getTime();
    for (const [id, followed] of this.#followed) {
      const { dueAtMs } = followed;
      if (dueAtMs !== undefined && dueAtMs <= nowMs) this.#assess(id, followed);
    }
    this.#write();
  }

  /** Number of sessions whose next step is expected. */
  get moving(): number {
    let count = 0;
    for (const { dueAtMs } of this.#followed.values()) if (dueAtMs !== undefined) count++;
    return count;
  }

  /** What is known of a session that is followed; undefined for others. */
  find(id: string): BootSessionSummary | undefined {
    return this.#followed.get(id)?.progress.summary(this.#parts.now());
  }

  #follow(id: string): Followed {
    const followed = this.#followed.get(id) ?? {
      progress: new SessionProgress(id),
      scriptAddress: undefined,
      dueAtMs: undefined,
      isStuck: false,
      outcomes: new Set(),
    };
    // Insertion order is order of silence.
    this.#followed.delete(id);
    this.#followed.set(id, followed);
    if (this.#followed.size > SESSIONS_MAX) {
      for (const oldest of this.#followed.keys()) {
        this.#followed.delete(oldest);
        this.#changed.delete(oldest);
        break;
      }
    }
    return followed;
  }

  #assess(id: string, followed: Followed): void {
    const summary = followed.progress.summary(this.#parts.now());
    if (summary === undefined) return;
    const { diagnosis, lastAt, phase, startedAt } = summary;
    followed.dueAtMs = diagnosis.dueAt?.getTime();
    this.#changed.add(id);
    const { verdict } = diagnosis;
    // An installed system that gets its lease is no boot.
    const isBoot = verdict !== 'done' || hasReached(phase, 'script');
    if (verdict !== 'moving' && isBoot && !followed.outcomes.has(verdict)) {
      followed.outcomes.add(verdict);
      this.#parts.times?.ended(verdict, secondsBetween(startedAt, lastAt));
    }
    if (verdict !== 'stuck' || followed.isStuck) return;
    followed.isStuck = true;
    const advice = diagnosis.advice === undefined ? {} : { advice: diagnosis.advice };
    this.#tell(summary, 'boot.stuck', diagnosis.text, { ...(phase !== undefined && { phase }), ...advice });
  }

  #tell(
    { address, mac, machineId }: Pick<BootEvent, 'address' | 'mac' | 'machineId'>,
    kind: BootEvent['kind'],
    summary: string,
    detail: BootEvent['detail'],
  ): void {
    this.#parts.events.record({
      at: this.#parts.now(),
      kind,
      ...(mac !== undefined && { mac }),
      ...(address !== undefined && { address }),
      ...(machineId !== undefined && { machineId }),
      summary,
      detail,
    });
  }

  /** Writes what has changed, unless an earlier write is still running: then it is written after that one. */
  #write(): void {
    this.#writing ??= this.#writeChanged().finally(() => (this.#writing = undefined));
  }

  async #writeChanged(): Promise<void> {
    const now = this.#parts.now();
    while (this.#changed.size > 0) {
      const batch: BootSessionSummary[] = [];
      for (const id of this.#changed) {
        this.#changed.delete(id);
        const summary = this.#followed.get(id)?.progress.summary(now);
        if (summary !== undefined) batch.push(summary);
        if (batch.length === BATCH_MAX) break;
      }
      if (batch.length > 0) await this.#record(batch);
    }
  }

  async #record(batch: readonly BootSessionSummary[]): Promise<void> {
    try {
      await this.#parts.store.recordSessions(batch);
    } catch (error) {
      if (error instanceof StoreError) return;
      this.#parts.log.error({ err: error }, 'boot sessions could not be stored');
    }
  }
}

/** Never negative: the clock may have been changed. */
function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 1000;
}

/** The events that this file records; they are no steps. */
const OWN: ReadonlySet<BootEvent['kind']> = new Set([
  'boot.stuck',
  'boot.out_of_order',
  'boot.other_address',
]);
const SCRIPTS: ReadonlySet<BootEvent['kind']> = new Set(['ipxe.sent', 'grub.sent']);
