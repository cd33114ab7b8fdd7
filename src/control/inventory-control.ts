import { type EntryFault, readMachineEntries } from '../catalog/read-machine-entries.ts';
import type { Permission } from '../api/permissions.ts';
import { changedFields } from '../machines/changed-fields.ts';
import { inSlices, type Pause } from '../machines/in-slices.ts';
import type { Inventories, Inventory } from '../machines/inventories.ts';
import { toMachineRecord } from '../machines/machine-record.ts';
import { OWN_SOURCES } from '../machines/machine-records.ts';
import { setDifference, type SetDifference } from '../machines/set-difference.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import { StoreError } from '../store/store-error.ts';
import { type Actor, originOf } from './actor.ts';

/** What changing inventories depends on. */
export interface InventoryControlParts {
  readonly inventories: Pick<Inventories, 'find' | 'inTurn' | 'list' | 'replace'>;
  readonly declaredBy: (source: string) => ReadonlyMap<string, Machine>;
  /** Why a machine is locked; undefined if it is not. */
  readonly lockOf: (machineId: string) => string | undefined;
  /** Records what was refused. Never rejects. */
  readonly recordRefusal: (entry: NewAuditEntry) => Promise<void>;
  /** Share of an inventory that may go without being asked for, in percent. */
  readonly removalPercent: number;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Yields to the event loop. */
  readonly pause: Pause;
}

/** A set that is to become that of an inventory. */
export interface InventoryPut {
  readonly source: string;
  readonly entries: readonly unknown[];
  /** Only says what would change. */
  readonly dryRun: boolean;
  /** The number of machines that may go, in the words of whoever asks. */
  readonly allowRemoval: number | undefined;
  readonly reason: string;
  readonly actor: Actor;
}

/** How a set differs from the one that there was. */
export interface InventoryChanges {
  readonly added: readonly string[];
  readonly changed: readonly { readonly id: string; readonly fields: readonly string[] }[];
  readonly removed: readonly string[];
  readonly unchanged: number;
}

/** What became of a set. */
export type InventoryOutcome =
  | { readonly kind: 'done'; readonly changes: InventoryChanges; readonly inventory: Inventory | undefined }
  | { readonly kind: 'not_found'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly faults: readonly EntryFault[] }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'locked'; readonly reason: string; readonly faults: readonly EntryFault[] }
  | { readonly kind: 'too_many_removals'; readonly reason: string }
  | { readonly kind: 'not_stored'; readonly reason: string };

const PERMISSION: Permission = 'inventory:write';
/** So few may always go. */
const REMOVALS_FREE = 10;
/** Ids that an entry of the audit names; the difference is in the transitions as well. */
const AUDITED_IDS = 100;

/**
 * Replaces the sets of inventories as a whole, or not at all. A set with a fault changes nothing, and one that would
 * remove much has to say that it means it.
 */
export class InventoryControl {
  readonly #parts: InventoryControlParts;

  constructor(parts: InventoryControlParts) {
    this.#parts = parts;
  }

  list(): readonly Inventory[] {
    return this.#parts.inventories.list();
  }

  find(source: string): Inventory | undefined {
    return this.#parts.inventories.find(source);
  }

  /** Replaces the set of an inventory, which is made by that if there is none. */
  async put(put: InventoryPut): Promise<InventoryOutcome> {
    const denied = await this.#deny(put, 'put_inventory');
    if (denied !== undefined) return denied;
    const breathe = inSlices(this.#parts.nowMs, this.#parts.pause);
    const { faults, machines } = await readMachineEntries(put.entries, breathe);
    if (faults.length > 0) return { kind: 'invalid', faults };
    return this.#parts.inventories.inTurn(() => this.#replace(put, machines, false));
  }

  /** Deletes an inventory with all that it declares. */
  async delete(put: Omit<InventoryPut, 'entries'>): Promise<InventoryOutcome> {
    const whole = { ...put, entries: [] };
    const denied = await this.#deny(whole, 'delete_inventory');
    if (denied !== undefined) return denied;
    return this.#parts.inventories.inTurn(async () => {
      if (this.find(put.source) === undefined)
        return { kind: 'not_found', reason: `there is no inventory ${put.source}` };
      return this.#replace(whole, [], true);
    });
  }

  async #deny(put: InventoryPut, verb: string): Promise<InventoryOutcome | undefined> {
    const { actor, source } = put;
    const isAllowed =
      actor.permissions.has(PERMISSION) && (actor.inventories === undefined || actor.inventories.has(source));
    if (OWN_SOURCES.includes(source) || source === 'discovered') {
      return {
        kind: 'denied',
        reason: `${source} is the name of a source of Railhead's own; choose another one`,
      };
    }
    if (isAllowed) return undefined;
    const reason = `${actor.name} may not replace the inventory ${source}`;
    await this.#parts.recordRefusal(this.#audit(put, verb, 'denied', { why: reason }));
    return { kind: 'denied', reason };
  }

  async #replace(put: InventoryPut, machines: readonly Machine[], isEnd: boolean): Promise<InventoryOutcome> {
    const { actor, dryRun, source } = put;
    const { declaredBy, inventories, nowMs, pause } = this.#parts;
    const declared = declaredBy(source);
    const difference = await setDifference(declared, machines, inSlices(nowMs, pause));
    const changes = changesOf(difference);
    const locked = this.#lockedOnes(difference, machines);
    if (locked.length > 0) {
      return { kind: 'locked', reason: 'some of the machines that would change are locked', faults: locked };
    }
    const guarded = this.#guard(put, difference.removed.length, declared.size, isEnd);
    if (guarded !== undefined) return { kind: 'too_many_removals', reason: guarded };
    if (dryRun) return { kind: 'done', changes, inventory: this.find(source) };
    try {
      await inventories.replace({
        name: source,
        machines,
        difference,
        by: actor.name,
        audit: this.#audit(put, isEnd ? 'delete_inventory' : 'put_inventory', 'done', auditOf(changes)),
        isEnd,
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return {
        kind: 'not_stored',
        reason: `nothing was changed, since it could not be stored: ${error.message}`,
      };
    }
    return { kind: 'done', changes, inventory: this.find(source) };
  }

  #lockedOnes({ changed, removed }: SetDifference, machines: readonly Machine[]): EntryFault[] {
    const indexes = new Map(machines.map(({ id }, index) => [id, index]));
    return [...changed.map(({ after }) => after.id), ...removed.map(({ id }) => id)].flatMap((id) => {
      const lock = this.#parts.lockOf(id);
      const index = indexes.get(id);
      return lock === undefined ? [] : [{ index: index ?? -1, id, message: `it is locked: ${lock}` }];
    });
  }

  /** Why so many machines may not go without being asked for; undefined if they may. */
  #guard(
    { allowRemoval }: InventoryPut,
    removed: number,
    before: number,
    isEnd: boolean,
  ): string | undefined {
    const free = Math.max(REMOVALS_FREE, Math.floor((before * this.#parts.removalPercent) / 100));
    if (allowRemoval === removed || (removed <= free && !(isEnd && removed > 0))) return undefined;
    const what = `this would remove ${removed} of ${before} machines`;
    return allowRemoval === undefined
      ? `${what}; if that is meant, send it again with allow_removal=${removed}`
      : `${what}, and not ${allowRemoval}; if that is meant, send it again with allow_removal=${removed}`;
  }

  #audit(
    { actor, reason, source }: Pick<InventoryPut, 'actor' | 'reason' | 'source'>,
    verb: string,
    outcome: NewAuditEntry['outcome'],
    detail: JsonObject,
  ): NewAuditEntry {
    return {
      at: this.#parts.now(),
      ...originOf(actor),
      verb,
      target: `inventory:${source}`,
      reason,
      outcome,
      detail,
    };
  }
}

function changesOf({ added, changed, removed, unchanged }: SetDifference): InventoryChanges {
  return {
    added: added.map(({ id }) => id),
    changed: changed.map(({ after, before }) => ({
      id: after.id,
      fields: changedFields(toMachineRecord(before), toMachineRecord(after)),
    })),
    removed: removed.map(({ id }) => id),
    unchanged,
  };
}

function auditOf({ added, changed, removed, unchanged }: InventoryChanges): JsonObject {
  const first = (ids: readonly string[]): string[] => ids.slice(0, AUDITED_IDS);
  return {
    added: added.length,
    changed: changed.length,
    removed: removed.length,
    unchanged,
    ids: {
      added: first(added),
      changed: first(changed.map(({ id }) => id)),
      removed: first(removed),
    },
  };
}
