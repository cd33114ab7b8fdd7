import { isDeepStrictEqual } from 'node:util';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { Identification, IdentityClaims } from '../provision/machines/identification.ts';
import {
  type ContestedClaim,
  MachineIndex,
  type MachineLookup,
} from '../provision/machines/machine-index.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { type Declaration, type FieldConflict, mergeDeclarations } from './merge-declarations.ts';

/** The source of the documents under machines/. It has precedence over every inventory. */
export const FILES_SOURCE = 'files';

/** All that is declared about one machine. */
export interface MachineRecord {
  /** The record merged from all sources. */
  readonly machine: Machine;
  /** The sources that declare it, in order of precedence. */
  readonly sources: readonly string[];
  /** The values in which the sources differ. */
  readonly fieldConflicts: readonly FieldConflict[];
}

/** A record, and the unique values that it shares with other records. */
export interface MachineRecordView extends MachineRecord {
  readonly contestedClaims: readonly ContestedClaim[];
}

/** A change of what a source declares of a machine. `machine` is absent if the source no longer declares it. */
export interface MachineChange {
  readonly kind: 'declared' | 'changed' | 'gone';
  readonly source: string;
  readonly id: string;
  readonly machine?: Machine;
  /** The previous declaration. */
  readonly before?: Machine;
}

/** Yields to the event loop. */
export type Pause = () => Promise<unknown>;

/** How long to work before yielding to packets and requests. */
const SLICE_MS = 10;
/** Changes that take effect together; a thousand take a few milliseconds. */
const SLICE_CHANGES = 1000;

/**
 * The known machines: one record each, merged from files and inventories. The cost of a change does not depend on the
 * number of other machines, and nothing is compiled.
 */
export class MachineRegistry implements MachineLookup {
  readonly #index = new MachineIndex();
  readonly #records = new Map<string, MachineRecord>();
  /** By source, then by id. */
  readonly #declared = new Map<string, Map<string, Machine>>();
  readonly #listeners = new Set<(changes: readonly MachineChange[]) => void>();
  readonly #declaredListeners = new Set<() => void>();
  readonly #nowMs: () => number;
  #declaring: Promise<void> = Promise.resolve();
  #ready = false;

  /** `nowMs` is a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** How many machines there are. */
  get size(): number {
    return this.#records.size;
  }

  identify(claims: IdentityClaims): Identification {
    return this.#index.identify(claims);
  }

  findReserved(address: Ipv4Address): Machine | undefined {
    return this.#index.findReserved(address);
  }

  findNamed(hostname: string): Machine | undefined {
    return this.#index.findNamed(hostname);
  }

  find(id: string): MachineRecordView | undefined {
    const record = this.#records.get(id);
    return record && this.#view(record);
  }

  /** All records, in no particular order. */
  *list(): Iterable<MachineRecordView> {
    for (const record of this.#records.values()) yield this.#view(record);
  }

  *machines(): Iterable<Machine> {
    for (const { machine } of this.#records.values()) yield machine;
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
    const change = this.#compare(source, machine);
    if (change !== undefined) this.#apply([change]);
  }

  /** A source no longer declares a machine. */
  remove(source: string, id: string): void {
    if (this.#declared.get(source)?.has(id) === true) this.#apply([{ kind: 'gone', source, id }]);
  }

  /**
   * Replaces everything that a source declares: machines that it no longer names are removed, and equal records are not
   * a change. Yields to the event loop while working, and resolves when all of it is in effect; a later call waits for
   * an earlier one.
   */
  declareAll(source: string, machines: readonly Machine[], pause: Pause): Promise<void> {
    this.#declaring = this.#declaring.then(() => this.#declareAll(source, machines, pause));
    return this.#declaring;
  }

  /** Loads what was declared before the start, without notifying listeners. */
  restore(declarations: Iterable<Declaration>): void {
    for (const { machine, source } of declarations) {
      this.#store({ kind: 'declared', source, id: machine.id, machine });
      this.#ready = true;
    }
  }

  async #declareAll(source: string, machines: readonly Machine[], pause: Pause): Promise<void> {
    const changes: MachineChange[] = [];
    const named = new Set<string>();
    let sliceStartMs = this.#nowMs();
    const breathe = async (): Promise<void> => {
      if (this.#nowMs() - sliceStartMs < SLICE_MS) return;
      await pause();
      sliceStartMs = this.#nowMs();
    };
    for (const machine of machines) {
      named.add(machine.id);
      const change = this.#compare(source, machine);
      if (change !== undefined) changes.push(change);
      await breathe();
    }
    for (const id of this.#declared.get(source)?.keys() ?? []) {
      if (!named.has(id)) changes.push({ kind: 'gone', source, id });
    }
    // Removals come first: their cards and addresses may belong to added machines.
    changes.sort((a, b) => Number(b.kind === 'gone') - Number(a.kind === 'gone'));
    for (let start = 0; start < changes.length; start += SLICE_CHANGES) {
      this.#apply(changes.slice(start, start + SLICE_CHANGES));
      await breathe();
    }
    this.#ready = true;
    for (const listener of this.#declaredListeners) listener();
  }

  #compare(source: string, machine: Machine): MachineChange | undefined {
    const known = this.#declared.get(source)?.get(machine.id);
    if (known === undefined) return { kind: 'declared', source, id: machine.id, machine };
    if (known === machine || isDeepStrictEqual(known, machine)) return undefined;
    return { kind: 'changed', source, id: machine.id, machine, before: known };
  }

  #apply(changes: readonly MachineChange[]): void {
    for (const change of changes) this.#store(change);
    for (const listener of this.#listeners) listener(changes);
  }

  #store({ id, machine, source }: MachineChange): void {
    let declared = this.#declared.get(source);
    if (declared === undefined) this.#declared.set(source, (declared = new Map<string, Machine>()));
    if (machine === undefined) declared.delete(id);
    else declared.set(id, machine);

    const before = this.#records.get(id);
    if (before !== undefined) this.#index.remove(before.machine);
    const after = this.#merge(id);
    if (after === undefined) {
      this.#records.delete(id);
      return;
    }
    this.#records.set(id, after);
    this.#index.add(after.machine, after.sources[0] === FILES_SOURCE ? 0 : 1);
  }

  #merge(id: string): MachineRecord | undefined {
    const declarations: Declaration[] = [];
    for (const [source, declared] of this.#declared) {
      const machine = declared.get(id);
      if (machine !== undefined) declarations.push({ source, machine });
    }
    declarations.sort(compareSources);
    const [first, ...rest] = declarations;
    if (first === undefined) return undefined;
    const { conflicts, machine } = mergeDeclarations([first, ...rest]);
    return { machine, sources: declarations.map(({ source }) => source), fieldConflicts: conflicts };
  }

  #view(record: MachineRecord): MachineRecordView {
    return { ...record, contestedClaims: this.#index.contestedClaims(record.machine) };
  }
}

/** Files first, then inventories by name. */
function compareSources(a: Declaration, b: Declaration): number {
  if (a.source === FILES_SOURCE || b.source === FILES_SOURCE) return a.source === FILES_SOURCE ? -1 : 1;
  return a.source < b.source ? -1 : 1;
}
