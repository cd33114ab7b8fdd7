import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { Identification, IdentityClaims } from '../provision/machines/identification.ts';
import type { ContestedClaim, MachineLookup } from '../provision/machines/machine-index.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { type MachineChange, type MachineRecord, MachineRecords } from './machine-records.ts';
import { inSlices, type Pause } from './in-slices.ts';
import type { Declaration } from './merge-declarations.ts';

/** A record, and the unique values that it shares with other records. */
export interface MachineRecordView extends MachineRecord {
  readonly contestedClaims: readonly ContestedClaim[];
}

/** Most changes that are applied to the records in use, which takes a few milliseconds; for more a second set is built. */
const CHANGES_IN_PLACE_MAX = 1000;

/**
 * The known machines: one record each, merged from files and inventories. The cost of a change does not depend on the
 * number of other machines, and nothing is compiled.
 */
export class MachineRegistry implements MachineLookup {
  #records: MachineRecords;
  /** While a second set of records is being built: the changes made since then, which it does not have yet. */
  #missing: MachineChange[] | undefined;
  readonly #listeners = new Set<(changes: readonly MachineChange[]) => void>();
  readonly #declaredListeners = new Set<() => void>();
  readonly #nowMs: () => number;
  readonly #precedence: readonly string[];
  #declaring: Promise<void> = Promise.resolve();
  #ready = false;

  /** `nowMs` is a monotonic clock. `precedence` names inventories, those first that win over others. */
  constructor(nowMs: () => number, precedence: readonly string[] = []) {
    this.#nowMs = nowMs;
    this.#precedence = precedence;
    this.#records = new MachineRecords(precedence);
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Number of machines. */
  get size(): number {
    return this.#records.size;
  }

  identify(claims: IdentityClaims): Identification {
    return this.#records.index.identify(claims);
  }

  findReserved(address: Ipv4Address): Machine | undefined {
    return this.#records.index.findReserved(address);
  }

  findNamed(hostname: string): Machine | undefined {
    return this.#records.index.findNamed(hostname);
  }

  find(id: string): MachineRecordView | undefined {
    const record = this.#records.find(id);
    return record && this.#view(record);
  }

  /** All records, in no particular order. */
  *list(): Iterable<MachineRecordView> {
    for (const record of this.#records.list()) yield this.#view(record);
  }

  /** What a source declares, by id. */
  declaredBy(source: string): ReadonlyMap<string, Machine> {
    return this.#records.declaredBy(source) ?? new Map<string, Machine>();
  }

  /** The identifiers, addresses and names of a machine, declared or not, that other machines have. */
  claimedByOthers(machine: Machine): readonly ContestedClaim[] {
    return this.#records.index.claimedByOthers(machine);
  }

  *machines(): Iterable<Machine> {
    for (const { machine } of this.#records.list()) yield machine;
  }

  /** Calls `listener` with every change; the returned function unsubscribes. */
  onChange(listener: (changes: readonly MachineChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` whenever a source has declared all of its machines; the returned function unsubscribes. */
  onDeclared(listener: () => void): () => void {
    this.#declaredListeners.add(listener);
    return () => this.#declaredListeners.delete(listener);
  }

  /** Sets what a source declares of one machine. */
  put(source: string, machine: Machine): void {
    const change = this.#records.compare(source, machine);
    if (change !== undefined) this.#apply([change]);
  }

  /** The same for a change that is stored already; without `machine` the source no longer declares it. */
  applyStored(source: string, id: string, machine: Machine | undefined): void {
    const change: MachineChange | undefined =
      machine === undefined ? { kind: 'gone', source, id } : this.#records.compare(source, machine);
    if (change !== undefined) this.#apply([{ ...change, isStored: true }]);
  }

  /** A source no longer declares a machine. */
  remove(source: string, id: string): void {
    if (this.#records.declaredBy(source)?.has(id) === true) this.#apply([{ kind: 'gone', source, id }]);
  }

  /**
   * Replaces everything that a source declares: machines that it no longer names are removed, and equal records are not
   * a change. All of it takes effect in one turn of the event loop, in which `together` is called as well: no request
   * sees one without the other. Yields to the event loop while preparing and while notifying listeners, and resolves
   * when all listeners were notified; a later call waits for an earlier one.
   */
  declareAll(
    source: string,
    machines: readonly Machine[],
    pause: Pause,
    together: () => void = () => undefined,
  ): Promise<void> {
    return this.#inTurn(() => this.#declareAll(source, machines, pause, together, false));
  }

  /** The same for a set that is stored already. */
  replaceStored(source: string, machines: readonly Machine[], pause: Pause): Promise<void> {
    return this.#inTurn(() => this.#declareAll(source, machines, pause, () => undefined, true));
  }

  #inTurn(declare: () => Promise<void>): Promise<void> {
    const declared = this.#declaring.then(declare);
    this.#declaring = declared.catch(() => undefined);
    return declared;
  }

  /** Loads what was declared before the start, without notifying listeners. */
  restore(declarations: Iterable<Declaration>): void {
    for (const { machine, source } of declarations) {
      this.#records.apply({ source, id: machine.id, machine });
      this.#ready = true;
    }
  }

  async #declareAll(
    source: string,
    machines: readonly Machine[],
    pause: Pause,
    together: () => void,
    isStored: boolean,
  ): Promise<void> {
    const breathe = inSlices(this.#nowMs, pause);
    const mark = isStored ? { isStored } : {};
    const changes: MachineChange[] = [];
    const named = new Set<string>();
    for (const machine of machines) {
      named.add(machine.id);
      const change = this.#records.compare(source, machine);
      if (change !== undefined) changes.push({ ...change, ...mark });
      await breathe();
    }
    for (const id of this.#records.declaredBy(source)?.keys() ?? []) {
      if (!named.has(id)) changes.push({ kind: 'gone', source, id, ...mark });
    }
    // Removals come first: their cards and addresses may belong to added machines.
    changes.sort((a, b) => Number(b.kind === 'gone') - Number(a.kind === 'gone'));

    const draft = changes.length > CHANGES_IN_PLACE_MAX ? await this.#draft(changes, breathe) : undefined;
    // No await from here to `together`.
    if (draft === undefined) for (const change of changes) this.#records.apply(change);
    else {
      for (const change of this.#missing ?? []) draft.apply(change);
      this.#missing = undefined;
      this.#records = draft;
    }
    // The machines of an inventory do not tell whether an address is reserved in files.
    if (!isStored) this.#ready = true;
    together();
    // The first slice in the same turn: listeners that cache something of the records must drop it now.
    for (let start = 0; start < changes.length; start += CHANGES_IN_PLACE_MAX) {
      if (start > 0) await breathe();
      this.#tell(changes.slice(start, start + CHANGES_IN_PLACE_MAX));
    }
    for (const listener of this.#declaredListeners) listener();
  }

  /** Builds a second set of records with the changes. Other changes that are made meanwhile are in `#missing`. */
  async #draft(changes: readonly MachineChange[], breathe: () => Promise<void>): Promise<MachineRecords> {
    const draft = new MachineRecords(this.#precedence);
    this.#missing = [];
    for (const { machine, source } of this.#records.declarations()) {
      draft.apply({ source, id: machine.id, machine });
      await breathe();
    }
    for (const change of changes) {
      draft.apply(change);
      await breathe();
    }
    return draft;
  }

  #apply(changes: readonly MachineChange[]): void {
    for (const change of changes) this.#records.apply(change);
    this.#missing?.push(...changes);
    this.#tell(changes);
  }

  #tell(changes: readonly MachineChange[]): void {
    for (const listener of this.#listeners) listener(changes);
  }

  #view(record: MachineRecord): MachineRecordView {
    return { ...record, contestedClaims: this.#records.index.contestedClaims(record.machine) };
  }
}
