import { isDeepStrictEqual } from 'node:util';
import { MachineIndex } from '../provision/machines/machine-index.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { type Declaration, type FieldConflict, mergeDeclarations } from './merge-declarations.ts';

/** The source of the documents under machines/. It has precedence over every other one. */
export const FILES_SOURCE = 'files';
/** The source of records that are made over the API. */
export const API_SOURCE = 'api';
/** The source of records that approvals make. */
export const APPROVED_SOURCE = 'approved';

/** The sources that are no inventories, in order of precedence. */
export const OWN_SOURCES: readonly string[] = [FILES_SOURCE, API_SOURCE, APPROVED_SOURCE];

/** All that is declared about one machine. */
export interface MachineRecord {
  /** The record merged from all sources. */
  readonly machine: Machine;
  /** The sources that declare it, in order of precedence. */
  readonly sources: readonly string[];
  /** The values in which the sources differ. */
  readonly fieldConflicts: readonly FieldConflict[];
}

/** A change of what a source declares of a machine. `machine` is absent if the source no longer declares it. */
export interface MachineChange {
  readonly kind: 'declared' | 'changed' | 'gone';
  readonly source: string;
  readonly id: string;
  readonly machine?: Machine;
  /** The previous declaration. */
  readonly before?: Machine;
  /** Whoever makes the change has stored it already. */
  readonly isStored?: boolean;
}

/** One record for each machine, merged from what each source declares, and the index in which machines are looked up. */
export class MachineRecords {
  readonly index = new MachineIndex();
  readonly #records = new Map<string, MachineRecord>();
  /** The sources whose precedence is known; others come after them, by name. */
  readonly #order: readonly string[];
  /** By source, then by id. */
  readonly #declared = new Map<string, Map<string, Machine>>();

  /** `precedence` names inventories; earlier ones have precedence over later ones, and over all others. */
  constructor(precedence: readonly string[] = []) {
    this.#order = [...OWN_SOURCES, ...precedence];
  }

  get size(): number {
    return this.#records.size;
  }

  find(id: string): MachineRecord | undefined {
    return this.#records.get(id);
  }

  /** In no particular order. */
  list(): Iterable<MachineRecord> {
    return this.#records.values();
  }

  /** What a source declares, by id. */
  declaredBy(source: string): ReadonlyMap<string, Machine> | undefined {
    return this.#declared.get(source);
  }

  /** What every source declares. */
  *declarations(): Iterable<Declaration> {
    for (const [source, declared] of this.#declared) {
      for (const machine of declared.values()) yield { source, machine };
    }
  }

  /** The change from the source's previous declaration; undefined if it is equal. */
  compare(source: string, machine: Machine): MachineChange | undefined {
    const known = this.#declared.get(source)?.get(machine.id);
    if (known === undefined) return { kind: 'declared', source, id: machine.id, machine };
    if (known === machine || isDeepStrictEqual(known, machine)) return undefined;
    return { kind: 'changed', source, id: machine.id, machine, before: known };
  }

  /** Sets what a source declares of a machine, or removes it if `machine` is absent. */
  apply({ id, machine, source }: Pick<MachineChange, 'id' | 'machine' | 'source'>): void {
    let declared = this.#declared.get(source);
    if (declared === undefined) this.#declared.set(source, (declared = new Map<string, Machine>()));
    if (machine === undefined) declared.delete(id);
    else declared.set(id, machine);

    const before = this.#records.get(id);
    if (before !== undefined) this.index.remove(before.machine);
    const after = this.#merge(id);
    if (after === undefined) {
      this.#records.delete(id);
      return;
    }
    this.#records.set(id, after);
    this.index.add(after.machine, this.#rankOf(after.sources[0] ?? ''));
  }

  #merge(id: string): MachineRecord | undefined {
    const declarations: Declaration[] = [];
    for (const [source, declared] of this.#declared) {
      const machine = declared.get(id);
      if (machine !== undefined) declarations.push({ source, machine });
    }
    declarations.sort((a, b) => this.#compareSources(a, b));
    const [first, ...rest] = declarations;
    if (first === undefined) return undefined;
    const { conflicts, machine } = mergeDeclarations([first, ...rest]);
    return { machine, sources: declarations.map(({ source }) => source), fieldConflicts: conflicts };
  }

  #rankOf(source: string): number {
    const rank = this.#order.indexOf(source);
    return rank < 0 ? this.#order.length : rank;
  }

  #compareSources(a: Declaration, b: Declaration): number {
    return this.#rankOf(a.source) - this.#rankOf(b.source) || (a.source < b.source ? -1 : 1);
  }
}
