import { machineDocumentOf } from '../../../catalog/machine-document-of.ts';
import type { EntryFault } from '../../../catalog/read-machine-entries.ts';
import type { Fault } from '../../../api/problem-document.ts';
import type { MACHINE_RECORD_ROUTES } from '../../../api/routes/machine-records.ts';
import { WRITABLE_SOURCES } from '../../../control/delete-rules.ts';
import type { EditOutcome, MachineEdit, MachineEditor } from '../../../control/machine-editor.ts';
import type { MachineControl } from '../../../control/machine-control.ts';
import { FILES_SOURCE } from '../../../machines/machine-records.ts';
import type { Machine } from '../../../provision/machines/machine.ts';
import { ApiError } from '../api-error.ts';
import { requireMatch } from '../conditional-requests.ts';
import type { Call, Handlers } from '../handler.ts';
import { machineTag } from './machines.ts';

/** What the routes of machines' records depend on. */
export interface MachineRecordRouteParts {
  readonly control: Pick<MachineControl, 'show'>;
  readonly editor: Pick<MachineEditor, 'run'>;
  /** What a source declares, by id. */
  readonly declaredBy: (source: string) => ReadonlyMap<string, Machine>;
}

type Routes = typeof MACHINE_RECORD_ROUTES;

export function machineRecordHandlers(parts: MachineRecordRouteParts): Handlers<Routes> {
  const { control, declaredBy, editor } = parts;
  const edit = async (
    edit: MachineEdit,
    { actor, context, query: { reason } }: Pick<Call<Routes['createMachine']>, 'actor' | 'context' | 'query'>,
  ): Promise<Extract<EditOutcome, { kind: 'done' }>> => {
    const outcome = await editor.run({
      edit,
      reason,
      actor,
      requirePresent: (machine) => {
        if (context.ifMatch !== undefined) requireMatch(context, machine && machineTag(machine));
      },
    });
    if (outcome.kind !== 'done') throw refusalOf(outcome);
    return outcome;
  };
  return {
    createMachine: async ({ body, ...call }) => {
      const { machine } = await edit({ verb: 'create', document: body }, call);
      return { status: 201, body: machine, etag: machineTag(machine) };
    },
    replaceMachine: async ({ body, params: { id }, ...call }) => {
      const { isNew, machine } = await edit({ verb: 'replace', id, document: body }, call);
      return { status: isNew ? 201 : 200, body: machine, etag: machineTag(machine) };
    },
    patchMachine: async ({ body, params: { id }, ...call }) => {
      const { machine } = await edit({ verb: 'patch', id, patch: body }, call);
      return { status: 200, body: machine, etag: machineTag(machine) };
    },
    showMachineRecord: async ({ actor, params: { id } }) => {
      const machine = await control.show(id);
      if (machine === undefined) throw new ApiError('not_found', `there is no machine ${id}`);
      for (const source of WRITABLE_SOURCES) {
        const record = declaredBy(source).get(machine.id);
        if (record === undefined) continue;
        const { metadata, ...document } = machineDocumentOf(record);
        const mayShow = metadata !== undefined && actor.permissions.has('secrets:read');
        return { status: 200, body: { ...document, ...(mayShow && { metadata }) } };
      }
      const [owner] = machine.sources;
      if (owner === undefined) throw new ApiError('not_found', `machine ${machine.id} has no record yet`);
      throw owner === FILES_SOURCE
        ? new ApiError('managed_by_files', `a file declares machine ${machine.id}`)
        : new ApiError('managed_by_inventory', `the inventory ${owner} declares machine ${machine.id}`);
    },
  };
}

/** Faults of entries, in the form of a problem document. */
export function faultsOf(faults: readonly EntryFault[]): readonly Fault[] {
  return faults.map(({ field, id, index, message }) => ({
    ...(index >= 0 && { index }),
    ...(id !== undefined && { id }),
    ...(field !== undefined && { field }),
    message: field === undefined ? message : `${field}: ${message}`,
  }));
}

function refusalOf(outcome: Exclude<EditOutcome, { kind: 'done' }>): ApiError {
  switch (outcome.kind) {
    case 'not_found':
      return new ApiError('not_found', outcome.reason);
    case 'denied':
      return new ApiError('forbidden', outcome.reason, {}, true);
    case 'invalid': {
      const errors = faultsOf(outcome.faults).map(({ index: _one, ...fault }) => fault);
      return new ApiError('invalid_request', errors[0]?.message ?? 'the document is not valid', { errors });
    }
    case 'refused':
      return new ApiError(outcome.code, outcome.reason, {}, true);
    case 'not_stored':
      return new ApiError('not_stored', outcome.reason);
  }
}
