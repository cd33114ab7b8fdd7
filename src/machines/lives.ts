import type { Logger } from 'pino';
import type { Counters } from '../limits/counters.ts';
import { KeyedBuckets, TokenBucket } from '../limits/token-bucket.ts';
import { MinuteTally } from '../log/minute-tally.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import type { JsonObject } from '../provision/json-value.ts';
import { type Advance, advance } from '../provision/machines/lifecycle/advance.ts';
import { dueEvent, nextDueMs, type StallLimits } from '../provision/machines/lifecycle/due-event.ts';
import type { LifeEvent } from '../provision/machines/lifecycle/life-event.ts';
import { type Life, newLife } from '../provision/machines/lifecycle/life.ts';
import { isForgettable } from '../provision/machines/lifecycle/rule-sets.ts';
import { discoveredMachineId } from '../provision/machines/machine.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import type { LifeChange, LifeStore } from '../store/life-store.ts';
import type { MachineChange } from '../store/machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import { DueQueue } from './due-queue.ts';
import { GroupCommit } from './group-commit.ts';
import { readStoredLife } from './stored-life.ts';

/** What the lives depend on. */
export interface LivesParts {
  readonly store: LifeStore;
  readonly counters: Counters;
  readonly log: Logger;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly limits: StallLimits;
}

/** Something that happens in the life of a machine. */
export interface LifeChangeRequest {
  readonly machineId: string;
  /** Whether a file, an inventory or an approval declares the machine. */
  readonly declared: boolean;
  readonly event: LifeEvent;
  /** Who causes it: an operator's name, `machine` or `system`. */
  readonly by: string;
  readonly audit?: NewAuditEntry;
  /** A change of the machine's record that must become durable with it. */
  readonly record?: MachineChange;
}

/** Which lives are forgotten. */
export interface ForgetLimits {
  readonly before: Date;
  /** Maximum number that is deleted in one call. */
  readonly atOnce: number;
  readonly isDeclared: (machineId: string) => boolean;
}

/** A machine that asks for many things in a row has taken one step. */
const STEP_MS = 5_000;
/** Changes of one transaction: leases wait meanwhile. */
const BATCH_MAX = 500;
/** The timer waits at least this long, so that a store that fails is not asked all the time. */
const LOOK_MIN_MS = 1_000;
/** The timer waits at most this long, so that a change of the clock is noticed. */
const LOOK_MAX_MS = 10_000;
/** Events of time in one turn of the event loop. */
const DUE_AT_ONCE = 2_000;
/** When an event of time that could not be stored is tried again. */
const RETRY_MS = 5_000;
/** For so long after a start or a change of the clock, no machine runs out of time: it could not report before. */
const GRACE_MS = 2 * 60_000;
/** A clock that differs this much from the time that has passed was changed. */
const CLOCK_CHANGE_MS = 60_000;
/** What stands in the place of a stored life that cannot be read. */
const UNREADABLE =
  'its stored life cannot be read; delete it, or start the version of Railhead that wrote it';

// Events that no answer depends on. A machine that boots causes two or three; a machine may restart all the time.
const NOTE_BURST = 12;
const NOTES_PER_MINUTE = 1;
const NOTES_TOTAL_BURST = 60_000;
const NOTES_TOTAL_PER_SECOND = 100;
const MACHINES_MAX = 100_000;

/**
 * The lives of all machines, in memory and in the store. Events of one machine are applied one after the other; those
 * of different machines are written in the same transaction. A life in memory is always one that is durable.
 */
export class Lives {
  readonly #parts: LivesParts;
  readonly #lives = new Map<string, Life>();
  /** By machine, the last of its changes that is not durable yet. */
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #listeners = new Set<(life: Life, before: Life) => void>();
  readonly #notes = new KeyedBuckets(NOTES_PER_MINUTE / 60, NOTE_BURST, MACHINES_MAX);
  readonly #allNotes: TokenBucket;
  readonly #leftOut: MinuteTally;
  /** Machines whose stored life cannot be read. It stays in the store until somebody deletes it. */
  readonly #unreadable = new Set<string>();
  /** By the id of a record, the id under which the machine had its life before it was declared. */
  readonly #earlierIds = new Map<string, string>();
  readonly #due = new DueQueue();
  readonly #changes: GroupCommit<LifeChange>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #looking: Promise<void> | undefined;
  /** Until when no machine runs out of time, in monotonic milliseconds. */
  #graceUntilMs = -Infinity;
  /** The wall clock less the monotonic one, as last seen. */
  #clockOffsetMs: number;

  private constructor(parts: LivesParts) {
    this.#parts = parts;
    this.#changes = new GroupCommit(BATCH_MAX, (batch) => parts.store.applyLifeChanges(batch));
    this.#allNotes = new TokenBucket(NOTES_TOTAL_PER_SECOND, NOTES_TOTAL_BURST, parts.nowMs());
    this.#leftOut = new MinuteTally(({ more }) =>
      parts.log.warn({ more }, 'too many changes in the lives of machines to store each; some were left out'),
    );
    this.#clockOffsetMs = parts.now().getTime() - parts.nowMs();
  }

  /**
   * Reads all lives from the store. One that cannot be read is reported and left as it is, and its machine is held: if
   * it counted as new, it could be installed again.
   */
  static async load(parts: LivesParts): Promise<Lives> {
    const lives = new Lives(parts);
    for (const { life, machineId } of await parts.store.loadLives()) {
      const read = readStoredLife(life);
      if (read !== undefined) lives.#keep(read);
      else {
        lives.#unreadable.add(machineId);
        parts.log.error(
          { machine: machineId },
          'the stored life of this machine cannot be read: it is damaged, or a later version of Railhead wrote it. The machine is held until that version runs again or the life is deleted',
        );
      }
    }
    return lives;
  }

  /** Starts the timer. What is due is applied at once. */
  start(): void {
    this.#graceUntilMs = this.#parts.nowMs() + GRACE_MS;
    void this.applyDue().finally(() => this.#schedule());
  }

  /** Stops the timer. Resolves when all changes are stored, or could not be. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values());
    this.#leftOut.end();
  }

  /** The life of a machine. A machine that nothing has happened to yet is `ready` or `discovered`. */
  of(machineId: string, declared: boolean): Life {
    const life = this.find(machineId) ?? newLife(machineId, declared);
    return declared && life.state === 'discovered' ? { ...life, state: 'ready' } : life;
  }

  /**
   * Says by which network cards a machine was known before it was declared, so that its life goes on under the id of its
   * record: else a machine that was installed before would count as new. False, and without effect, if the machine has a
   * life of its own, or had none before.
   */
  inherit(machineId: string, cards: readonly MacAddress[]): boolean {
    if (this.#lives.has(machineId) || this.#unreadable.has(machineId)) return false;
    const known = cards.map(discoveredMachineId).filter((id) => this.#lives.has(id));
    // Of a machine with several network cards, one may have been installed.
    const earlier = known.find((id) => this.#lives.get(id)?.installation !== undefined) ?? known[0];
    if (earlier === undefined || earlier === machineId) return false;
    this.#earlierIds.set(machineId, earlier);
    return true;
  }

  /** What is kept about a machine; undefined if nothing has happened to it yet. */
  find(machineId: string): Life | undefined {
    const life = this.#lives.get(machineId) ?? this.#inherited(machineId);
    if (life !== undefined || !this.#unreadable.has(machineId)) return life;
    return { ...newLife(machineId, true), conditions: { held: { sinceMs: 0, message: UNREADABLE } } };
  }

  /** All lives in which something has happened. */
  list(): Iterable<Life> {
    return this.#lives.values();
  }

  #inherited(machineId: string): Life | undefined {
    const earlier = this.#earlierIds.get(machineId);
    const life = earlier === undefined ? undefined : this.#lives.get(earlier);
    return life && { ...life, machineId };
  }

  /** Whether a change of this machine is not durable yet. */
  isBusy(machineId: string): boolean {
    return this.#pending(machineId) !== undefined;
  }

  /** Resolves when no change of this machine is being written any more. Never rejects. */
  async settled(machineId: string): Promise<void> {
    for (;;) {
      const pending = this.#pending(machineId);
      if (pending === undefined) return;
      await pending.catch(() => undefined);
    }
  }

  #pending(machineId: string): Promise<unknown> | undefined {
    const earlier = this.#earlierIds.get(machineId);
    return this.#busy.get(machineId) ?? (earlier === undefined ? undefined : this.#busy.get(earlier));
  }

  /** Calls `listener` with every change once it is durable. */
  onChange(listener: (life: Life, before: Life) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Applies an event, after all earlier ones of the machine. Resolves when the change is durable, or with `invalid` if
   * the event is not possible, which changes nothing. Rejects with a StoreError if it could not be stored; then nothing
   * has changed either.
   */
  apply(request: LifeChangeRequest): Promise<Advance> {
    return this.#inTurn(request.machineId, () => this.#applyNow(request));
  }

  /**
   * Applies an event that no answer depends on, in the background and within a budget, so that nobody can fill the disk
   * with it.
   */
  note(machineId: string, declared: boolean, event: LifeEvent): void {
    const nowMs = this.#parts.nowMs();
    if (!this.#notes.take(machineId, nowMs) || !this.#allNotes.take(nowMs)) {
      this.#parts.counters.add('life_events_left_out');
      this.#leftOut.add('more');
      return;
    }
    this.apply({ machineId, declared, event, by: 'machine' }).catch((error: unknown) =>
      this.#report(error, machineId),
    );
  }

  /** The machine took a step of its boot. This is not stored: it only keeps the machine from counting as stalled. */
  step(machineId: string): void {
    const life = this.#lives.get(machineId);
    if (life === undefined || (life.state !== 'booting' && life.state !== 'installing')) return;
    if (life.conditions.stalled !== undefined) {
      this.note(machineId, true, { kind: 'step' });
      return;
    }
    const nowMs = this.#parts.now().getTime();
    if (Math.abs(nowMs - (life.lastStepAtMs ?? -Infinity)) < STEP_MS) return;
    this.#lives.set(machineId, { ...life, lastStepAtMs: nowMs });
  }

  /** Deletes everything that is kept about a machine: its life, and what it has reported. Resolves when that is durable. */
  remove(request: Pick<LifeChangeRequest, 'audit' | 'by' | 'machineId' | 'record'>): Promise<void> {
    return this.#remove(request, true);
  }

  #remove(
    { audit, by, machineId, record }: Pick<LifeChangeRequest, 'audit' | 'by' | 'machineId' | 'record'>,
    deletesReports: boolean,
  ): Promise<void> {
    return this.#inTurn(machineId, async () => {
      const earlier = this.#earlierIds.get(machineId);
      const transition = this.#transition(machineId, 'life.deleted', by, {});
      await this.#changes.add({
        machineId,
        transition,
        deletesReports,
        ...(audit !== undefined && { audit }),
        ...(record !== undefined && { record }),
      });
      if (earlier !== undefined) {
        await this.#changes.add(this.#moved(earlier, machineId));
        this.#lives.delete(earlier);
      }
      this.#lives.delete(machineId);
      this.#unreadable.delete(machineId);
      this.#earlierIds.delete(machineId);
    });
  }

  /**
   * Deletes lives that nobody needs any more, at most so many: of machines that nobody declares, and to which nothing
   * has happened since `before` that would have to be remembered. Resolves with their number.
   */
  async forget({ atOnce, before, isDeclared }: ForgetLimits): Promise<number> {
    const beforeMs = before.getTime();
    const forgotten: string[] = [];
    for (const life of this.#lives.values()) {
      if (forgotten.length === atOnce) break;
      const { machineId } = life;
      if (isForgettable(life, beforeMs) && !isDeclared(machineId) && !this.isBusy(machineId)) {
        forgotten.push(machineId);
      }
    }
    await Promise.all(forgotten.map((machineId) => this.#remove({ machineId, by: 'system' }, false)));
    return forgotten.length;
  }

  /** Applies every event of time that is due. Resolves when they are durable, or could not be. */
  applyDue(): Promise<void> {
    this.#looking ??= this.#applyAllDue().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #applyAllDue(): Promise<void> {
    this.#noticeClockChange();
    const nowMs = this.#parts.now().getTime();
    for (;;) {
      const due = this.#due.take(nowMs, DUE_AT_ONCE);
      await Promise.all(due.map((machineId) => this.#applyDueOf(machineId, nowMs)));
      if (due.length < DUE_AT_ONCE) return;
    }
  }

  async #applyDueOf(machineId: string, nowMs: number): Promise<void> {
    // An earlier change decides what is due.
    await this.settled(machineId);
    const life = this.#lives.get(machineId);
    if (life === undefined) return;
    const event = dueEvent(life, nowMs, this.#parts.limits);
    const graceMs = this.#graceUntilMs - this.#parts.nowMs();
    if (event === undefined) this.#keep(life);
    // An arm has no grace: its end is what the operator was promised.
    else if (event.kind !== 'arm_expired' && graceMs > 0) this.#due.add(machineId, nowMs + graceMs);
    else {
      try {
        await this.apply({ machineId, declared: true, event, by: 'system' });
      } catch (error) {
        this.#report(error, machineId);
        this.#due.add(machineId, nowMs + RETRY_MS);
      }
    }
  }

  /** Makes a life the present one, and its machine due when its next event of time is. */
  #keep(life: Life): void {
    this.#lives.set(life.machineId, life);
    const dueMs = nextDueMs(life, this.#parts.limits);
    if (dueMs !== undefined) this.#due.add(life.machineId, dueMs);
  }

  /** Times that were planned by a clock that was wrong are planned anew, and machines get time to report. */
  #noticeClockChange(): void {
    const nowMs = this.#parts.nowMs();
    const offsetMs = this.#parts.now().getTime() - nowMs;
    const changedMs = offsetMs - this.#clockOffsetMs;
    this.#clockOffsetMs = offsetMs;
    if (Math.abs(changedMs) < CLOCK_CHANGE_MS) return;
    this.#parts.log.warn({ seconds: Math.round(changedMs / 1000) }, 'the clock of this host was changed');
    this.#graceUntilMs = nowMs + GRACE_MS;
    this.#due.clear();
    for (const life of this.#lives.values()) this.#keep(life);
  }

  #schedule(): void {
    if (this.#closed) return;
    const inMs = (this.#due.earliest() ?? Infinity) - this.#parts.now().getTime();
    const waitMs = Math.min(Math.max(inMs, LOOK_MIN_MS), LOOK_MAX_MS);
    this.#timer = setTimeout(() => void this.applyDue().finally(() => this.#schedule()), waitMs).unref();
  }

  /** Runs `work` after everything else that changes the machine. */
  #inTurn<T>(machineId: string, work: () => Promise<T>): Promise<T> {
    const earlier = this.#busy.get(machineId);
    const running = earlier === undefined ? work() : earlier.then(work, work);
    this.#busy.set(machineId, running);
    const done = (): void => {
      if (this.#busy.get(machineId) === running) this.#busy.delete(machineId);
    };
    running.then(done, done);
    return running;
  }

  async #applyNow({ audit, by, declared, event, machineId, record }: LifeChangeRequest): Promise<Advance> {
    if (this.#unreadable.has(machineId)) return { kind: 'invalid', reason: UNREADABLE, allowed: [] };
    const before = this.of(machineId, declared);
    const advanced = advance(before, event, this.#parts.now().getTime());
    if (advanced.kind === 'invalid') return advanced;
    const { from, life, to } = advanced;
    const earlier = this.#earlierIds.get(machineId);
    const detail = { from, to, ...detailOf(event) };
    const stored = this.#changes.add({
      machineId,
      life,
      transition: this.#transition(machineId, `life.${event.kind}`, by, detail),
      ...(audit !== undefined && { audit }),
      ...(record !== undefined && { record }),
    });
    if (earlier === undefined) await stored;
    else await Promise.all([stored, this.#changes.add(this.#moved(earlier, machineId))]);
    this.#keep(life);
    if (earlier !== undefined) {
      this.#lives.delete(earlier);
      this.#earlierIds.delete(machineId);
    }
    this.#tellListeners(life, before);
    return advanced;
  }

  /** The end of a life under an earlier id, once it is stored under the later one. */
  #moved(earlier: string, machineId: string): LifeChange {
    const transition = this.#transition(earlier, 'life.deleted', 'system', { moved_to: machineId });
    return { machineId: earlier, transition };
  }

  /** The change is durable, so a listener that fails must not make it look as if it were not. */
  #tellListeners(life: Life, before: Life): void {
    for (const listener of this.#listeners) {
      try {
        listener(life, before);
      } catch (error) {
        this.#report(error, life.machineId);
      }
    }
  }

  #transition(
    machineId: string,
    kind: LifeChange['transition']['kind'],
    by: string,
    detail: JsonObject,
  ): LifeChange['transition'] {
    return { at: this.#parts.now(), machineId, kind, source: by, detail };
  }

  #report(error: unknown, machineId: string): void {
    if (error instanceof StoreError) return;
    this.#parts.log.error(
      { err: error, machine: machineId },
      'a change in the life of a machine could not be stored or passed on',
    );
  }
}

/** What the transition says of an event besides the states. Never a token. */
function detailOf(event: LifeEvent): JsonObject {
  switch (event.kind) {
    case 'arm':
    case 'auto_arm': {
      const { attemptsLeft, by, expiresAtMs, purpose, reason } = event.arm;
      return { purpose, attempts: attemptsLeft, expires_at: new Date(expiresAtMs).toISOString(), by, reason };
    }
    case 'script_served':
      return event.purpose === undefined ? {} : { purpose: event.purpose };
    case 'report_failed':
      return { message: event.message, permanent: event.permanent };
    case 'attempt_failed':
    case 'hold':
    case 'lock':
    case 'stall':
      return { message: event.message };
    default:
      return {};
  }
}
