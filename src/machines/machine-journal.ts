import type { Logger } from 'pino';
import type { MachineStore } from '../store/machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { TransitionKind } from '../store/transition-store.ts';
import { changedFields } from './changed-fields.ts';
import type { MachineChange } from './machine-records.ts';
import { toMachineRecord } from './machine-record.ts';
import { type RecordChange, toStoredChange } from './record-change.ts';

/** Changes in one transaction; it is limited because leases wait for it. */
const BATCH_MAX = 500;
/** How long the first change waits for others. */
const BATCH_DELAY_MS = 50;
/** Milliseconds until a write that failed is tried again. */
const RETRY_MS = 5_000;

const KINDS: Readonly<Record<MachineChange['kind'], TransitionKind>> = {
  declared: 'machine.declared',
  changed: 'machine.changed',
  gone: 'machine.gone',
};

/**
 * Writes changes of the registry to the store, each record together with its transition in one transaction. Writes
 * happen in the background, in batches. A record that changes again before it was written is written once, so that
 * there are never more waiting changes than machines; failed writes are tried again.
 */
export class MachineJournal {
  readonly #store: Pick<MachineStore, 'applyMachineChanges'>;
  readonly #log: Logger;
  readonly #now: () => Date;
  #pending = new Map<string, RecordChange>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<boolean> | undefined;

  constructor(store: Pick<MachineStore, 'applyMachineChanges'>, log: Logger, now: () => Date) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
  }

  /** Queues changes of the registry. */
  note(changes: readonly MachineChange[]): void {
    const at = this.#now();
    for (const { before, id, isStored, kind, machine, source } of changes) {
      if (isStored === true) continue;
      this.#add({
        kind: KINDS[kind],
        source,
        id,
        at,
        ...(machine !== undefined && { machine }),
        detail:
          before === undefined || machine === undefined
            ? {}
            : { fields: changedFields(toMachineRecord(before), toMachineRecord(machine)) },
      });
    }
    if (this.#pending.size > 0) this.#timer ??= setTimeout(() => void this.#write(), BATCH_DELAY_MS);
  }

  /** Writes the waiting changes. Resolves when they are stored, or could not be. */
  async flush(): Promise<void> {
    while (this.#pending.size > 0 || this.#writing !== undefined) {
      if (!(await this.#write())) break;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #add(later: RecordChange): void {
    const key = `${later.source}/${later.id}`;
    const merged = merge(this.#pending.get(key), later);
    if (merged === undefined) this.#pending.delete(key);
    else this.#pending.set(key, merged);
  }

  async #write(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #writeAll(): Promise<boolean> {
    while (this.#pending.size > 0) {
      const batch: RecordChange[] = [];
      for (const [key, pending] of this.#pending) {
        batch.push(pending);
        this.#pending.delete(key);
        if (batch.length === BATCH_MAX) break;
      }
      try {
        await this.#store.applyMachineChanges(batch.map(toStoredChange));
      } catch (error) {
        if (!(error instanceof StoreError)) {
          this.#log.error(
            { err: error, changes: batch.length },
            'changes of machines could not be stored and will be tried again',
          );
        }
        this.#putBack(batch);
        this.#timer = setTimeout(() => void this.#write(), RETRY_MS);
        return false;
      }
    }
    return true;
  }

  /** Changes that could not be written come before those that were made since. */
  #putBack(batch: readonly RecordChange[]): void {
    const newer = this.#pending;
    this.#pending = new Map();
    for (const pending of [...batch, ...newer.values()]) this.#add(pending);
  }
}

/** Merges two changes of one record; undefined if they cancel out. */
function merge(earlier: RecordChange | undefined, later: RecordChange): RecordChange | undefined {
  if (earlier === undefined) return later;
  const { at } = earlier;
  if (earlier.kind === 'machine.gone') return { ...later, at, kind: 'machine.changed', detail: {} };
  if (later.kind !== 'machine.gone') {
    const isNew = earlier.kind !== 'machine.changed';
    return { ...later, at, kind: earlier.kind, detail: isNew ? {} : later.detail };
  }
  return earlier.kind === 'machine.changed' ? { ...later, at } : undefined;
}
