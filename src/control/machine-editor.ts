import { documentDifference } from '../catalog/document-difference.ts';
import { machineDocumentOf } from '../catalog/machine-document-of.ts';
import { type EntryFault, readMachineEntries } from '../catalog/read-machine-entries.ts';
import type { ErrorCode } from '../api/error-table.ts';
import type { Permission } from '../api/permissions.ts';
import type { MachineDetailView } from '../api/schemas/machine.ts';
import { API_SOURCE, FILES_SOURCE } from '../machines/machine-records.ts';
import { type RecordChange, toStoredChange } from '../machines/record-change.ts';
import type { JsonObject, JsonValue } from '../provision/json-value.ts';
import type { ContestedClaim } from '../provision/machines/machine-index.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import type { MachineStore } from '../store/machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Turns } from '../store/turns.ts';
import { type Actor, originOf } from './actor.ts';
import { WRITABLE_SOURCES } from './delete-rules.ts';
import { mergePatch } from './merge-patch.ts';

/** What editing machines depends on. */
export interface MachineEditorParts {
  /** The machine as it is shown; undefined if there is none. */
  readonly detail: (id: string) => Promise<MachineDetailView | undefined>;
  readonly declaredBy: (source: string) => ReadonlyMap<string, Machine>;
  readonly claimedByOthers: (machine: Machine) => readonly ContestedClaim[];
  readonly store: Pick<MachineStore, 'applyMachineChanges'>;
  /** Makes a stored record visible. */
  readonly applyStored: (source: string, id: string, machine: Machine) => void;
  /** The turns of all that changes records over the API: of two changes, the second sees the first. */
  readonly edits: Turns;
  /** Records what was refused. Never rejects. */
  readonly recordRefusal: (entry: NewAuditEntry) => Promise<void>;
  readonly now: () => Date;
}

/** What is to be made of a machine. */
export type MachineEdit =
  /** A new machine; the document has its id. */
  | { readonly verb: 'create'; readonly document: JsonObject }
  /** A machine with just this record, new or not. */
  | { readonly verb: 'replace'; readonly id: string; readonly document: JsonObject }
  /** A JSON merge patch of the record. */
  | { readonly verb: 'patch'; readonly id: string; readonly patch: JsonObject };

/** An edit, and the circumstances. */
export interface MachineEditRequest {
  readonly edit: MachineEdit;
  readonly reason: string;
  readonly actor: Actor;
  /** Throws if the machine is not as whoever asks believes; called when no other change can come in between. */
  readonly requirePresent: (machine: MachineDetailView | undefined) => void;
}

/** Why an edit is not possible: codes of the table of errors. */
export type EditRefusal = Extract<
  ErrorCode,
  'already_exists' | 'identity_conflict' | 'machine_locked' | 'managed_by_files' | 'managed_by_inventory'
>;

/** What became of an edit. */
export type EditOutcome =
  | { readonly kind: 'done'; readonly isNew: boolean; readonly machine: MachineDetailView }
  | { readonly kind: 'not_found'; readonly reason: string }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly faults: readonly EntryFault[] }
  | { readonly kind: 'refused'; readonly code: EditRefusal; readonly reason: string }
  | { readonly kind: 'not_stored'; readonly reason: string };

const PERMISSION: Permission = 'machines:manage';
const NO_PAUSE = (): Promise<void> => Promise.resolve();

/**
 * Creates and changes machines that are kept in the store. The record, its transition and its audit entry are durable
 * in one transaction, and visible, before the outcome is known.
 */
export class MachineEditor {
  readonly #parts: MachineEditorParts;

  constructor(parts: MachineEditorParts) {
    this.#parts = parts;
  }

  /** Carries out an edit, or says why not. Rejects with what `requirePresent` throws. */
  async run(request: MachineEditRequest): Promise<EditOutcome> {
    const { actor, edit } = request;
    if (!actor.permissions.has(PERMISSION)) {
      const reason = `${actor.name} may not ${edit.verb} machines: this needs the permission ${PERMISSION}`;
      await this.#parts.recordRefusal(this.#audit(request, targetOf(edit), 'denied', { why: reason }));
      return { kind: 'denied', reason };
    }
    return this.#parts.edits.take(() => this.#run(request));
  }

  async #run(request: MachineEditRequest): Promise<EditOutcome> {
    const { edit } = request;
    const given = edit.verb === 'create' ? undefined : edit.id;
    const found = await this.#parts.detail(given ?? targetOf(edit));
    // A machine can be named by its MAC address.
    const present = edit.verb === 'create' && found?.id !== edit.document.id ? undefined : found;
    request.requirePresent(present);
    const source = WRITABLE_SOURCES.find((one) => present?.sources.includes(one));
    if (edit.verb === 'patch' && (present === undefined || present.sources.length === 0)) {
      return { kind: 'not_found', reason: `there is no machine ${edit.id} with a record` };
    }
    const id = present?.id ?? given;
    const before = source === undefined || id === undefined ? undefined : this.#recordOf(source, id);
    const refusal = refuse(edit, present, source);
    if (refusal !== undefined) return this.#refuse(request, id ?? targetOf(edit), refusal);

    const { faults, machines } = await readMachineEntries([documentFor(edit, id, before)], NO_PAUSE);
    const [machine] = machines;
    if (faults.length > 0 || machine === undefined) return { kind: 'invalid', faults };
    if (id !== undefined && machine.id !== id) {
      return {
        kind: 'invalid',
        faults: [{ index: 0, field: 'id', message: `is ${machine.id}, but the path names ${id}` }],
      };
    }
    const contested = this.#newlyContested(machine, before);
    if (contested !== undefined) return this.#refuse(request, machine.id, contested);
    return this.#store(request, source ?? API_SOURCE, machine, before);
  }

  async #store(
    request: MachineEditRequest,
    source: string,
    machine: Machine,
    before: Machine | undefined,
  ): Promise<EditOutcome> {
    const { id } = machine;
    const differences = documentDifference(
      before === undefined ? {} : machineDocumentOf(before),
      machineDocumentOf(machine),
    );
    if (before === undefined || differences.length > 0) {
      const change: RecordChange = {
        kind: before === undefined ? 'machine.declared' : 'machine.changed',
        source,
        id,
        at: this.#parts.now(),
        machine,
        detail: before === undefined ? {} : { fields: differences.map(({ field }) => field) },
      };
      const audit = this.#audit(request, id, 'done', { source, ...shownDifferences(differences) });
      try {
        await this.#parts.store.applyMachineChanges([toStoredChange(change)], [audit]);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        return {
          kind: 'not_stored',
          reason: `nothing was changed, since it could not be stored: ${error.message}`,
        };
      }
      this.#parts.applyStored(source, id, machine);
    }
    const shown = await this.#parts.detail(id);
    if (shown === undefined) throw new Error(`machine ${id} was stored, and has no record`);
    return { kind: 'done', isNew: before === undefined, machine: shown };
  }

  #recordOf(source: string, id: string): Machine | undefined {
    return this.#parts.declaredBy(source).get(id);
  }

  /** What the edit would claim although another machine has it already. */
  #newlyContested(machine: Machine, before: Machine | undefined): Refusal | undefined {
    const known = before === undefined ? [] : this.#parts.claimedByOthers(before);
    const names = new Set(known.map(({ what }) => what));
    const contested = this.#parts.claimedByOthers(machine).filter(({ what }) => !names.has(what));
    if (contested.length === 0) return undefined;
    const texts = contested.map(({ holder, what }) => `${what} belongs to machine ${holder}`);
    return { code: 'identity_conflict', reason: texts.join('; ') };
  }

  async #refuse(request: MachineEditRequest, target: string, refusal: Refusal): Promise<EditOutcome> {
    const { code, reason } = refusal;
    await this.#parts.recordRefusal(this.#audit(request, target, 'refused', { why: reason, code }));
    return { kind: 'refused', ...refusal };
  }

  #audit(
    { actor, edit, reason }: MachineEditRequest,
    target: string,
    outcome: NewAuditEntry['outcome'],
    detail: JsonObject,
  ): NewAuditEntry {
    return { at: this.#parts.now(), ...originOf(actor), verb: edit.verb, target, reason, outcome, detail };
  }
}

interface Refusal {
  readonly code: EditRefusal;
  readonly reason: string;
}

/** Why a machine cannot be edited as it is; `source` is the one whose record would be changed. */
function refuse(
  { verb }: MachineEdit,
  present: MachineDetailView | undefined,
  source: string | undefined,
): Refusal | undefined {
  if (present === undefined) return undefined;
  const locked = present.conditions.find(({ type }) => type === 'locked');
  if (locked !== undefined) {
    return { code: 'machine_locked', reason: `${present.id} is locked: ${locked.message}; unlock it first` };
  }
  if (source !== undefined) {
    return verb === 'create'
      ? { code: 'already_exists', reason: `there is a machine ${present.id} already; replace or patch it` }
      : undefined;
  }
  const [owner] = present.sources;
  if (owner === undefined) return undefined;
  return owner === FILES_SOURCE
    ? { code: 'managed_by_files', reason: `a file declares machine ${present.id}; change it there` }
    : {
        code: 'managed_by_inventory',
        reason: `the inventory ${owner} declares machine ${present.id}; change it there`,
      };
}

/** The document that the machine is to have. */
function documentFor(edit: MachineEdit, id: string | undefined, before: Machine | undefined): JsonValue {
  switch (edit.verb) {
    case 'create':
      return edit.document;
    case 'replace':
      return { ...(id !== undefined && { id }), ...edit.document };
    case 'patch':
      return mergePatch(before === undefined ? { id: edit.id } : machineDocumentOf(before), edit.patch);
  }
}

function targetOf(edit: MachineEdit): string {
  if (edit.verb !== 'create') return edit.id;
  return typeof edit.document.id === 'string' ? edit.document.id : '';
}

/** What was before and after, for the audit; metadata can be secret. */
function shownDifferences(differences: ReturnType<typeof documentDifference>): JsonObject {
  const show = (field: string, value: JsonValue | undefined): JsonValue =>
    value !== undefined && field.startsWith('metadata') ? '(not shown)' : (value ?? null);
  return {
    changes: differences.map(({ after, before, field }) => ({
      field,
      before: show(field, before),
      after: show(field, after),
    })),
  };
}
