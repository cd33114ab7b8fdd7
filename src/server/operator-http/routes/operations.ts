import { encodeCursor } from '../../../api/list-form.ts';
import { OPERATION_MACHINES_MAX, type OPERATION_ROUTES } from '../../../api/routes/operations.ts';
import type { OperationVerb, OperationView } from '../../../api/schemas/operation.ts';
import { VERB_TABLE } from '../../../api/schemas/verbs.ts';
import type { Permission } from '../../../api/permissions.ts';
import type { MachineFilter } from '../../../api/schemas/machine-filter.ts';
import type { Actor } from '../../../control/actor.ts';
import { countsOf, type Operation, type OperationMachine } from '../../../control/operations/operation.ts';
import type { Operations } from '../../../control/operations/operations.ts';
import { StoreError } from '../../../store/store-error.ts';
import { ApiError } from '../api-error.ts';
import type { Handlers } from '../handler.ts';

/** What the routes of operations depend on. */
export interface OperationRouteParts {
  readonly operations: Pick<Operations, 'cancel' | 'find' | 'list' | 'preview' | 'start'>;
  /** The ids of the machines that fit, by id; undefined if there are more than `max`. */
  readonly idsOf: (filter: MachineFilter, max: number) => Promise<readonly string[] | undefined>;
  readonly asOf: () => string;
}

/** Verbs after which what was on the disk is gone. */
const LOSES_DATA: ReadonlySet<OperationVerb> = new Set<OperationVerb>(['reinstall', 'reset', 'delete']);
const SORT = 'place';

export function operationHandlers({
  asOf,
  idsOf,
  operations,
}: OperationRouteParts): Handlers<typeof OPERATION_ROUTES> {
  const found = (id: string): Operation => {
    const operation = operations.find(id);
    if (operation === undefined) throw new ApiError('not_found', `there is no operation ${id}`);
    return operation;
  };
  return {
    listOperations: () => ({ status: 200, body: { items: operations.list().map(viewOf) } }),
    showOperation: ({ params: { operation } }) => ({ status: 200, body: viewOf(found(operation)) }),
    previewOperation: async ({ actor, body }) => {
      const { filter, parameters = {}, reason, verb } = body;
      requirePermission(actor, verb);
      const ids = body.ids ?? (await idsOf(filter ?? noFilter(), OPERATION_MACHINES_MAX));
      if (ids === undefined)
        throw new ApiError(
          'too_many_machines',
          `more than ${OPERATION_MACHINES_MAX} machines fit; choose fewer`,
        );
      const unique = [...new Set(ids)];
      const operation = await stored(() =>
        operations.preview({ verb, parameters, reason, ids: unique, actor }),
      );
      return { status: 201, body: viewOf(operation) };
    },
    listOperationMachines: ({ params: { operation: id }, query: { case: wanted, cursor, limit } }) => {
      const { machines } = found(id);
      const from = cursor === undefined ? 0 : Number(cursor.key);
      const shown: OperationMachine[] = [];
      let next: string | null = null;
      for (let place = from; place < machines.length; place++) {
        const machine = machines[place] as OperationMachine;
        if (wanted !== undefined && !isCase(machine, wanted)) continue;
        if (shown.length === limit) {
          next = encodeCursor({ sort: SORT, key: place, id: machine.id });
          break;
        }
        shown.push(machine);
      }
      return { status: 200, body: { items: shown, next_cursor: next, as_of: asOf() } };
    },
    applyOperation: async ({ actor, body, params: { operation: id } }) => {
      const operation = found(id);
      const verb = operation.verb as OperationVerb;
      requirePermission(actor, verb);
      const { possible } = countsOf(operation);
      if (LOSES_DATA.has(verb) && body.confirm !== possible && body.digest === operation.digest) {
        throw new ApiError(
          'not_confirmed',
          `all on the disks of ${possible} machines is lost; send confirm: ${possible} if that is meant`,
        );
      }
      const { concurrency, digest, max_failures: maxFailures } = body;
      const outcome = await stored(() => operations.start(id, { digest, concurrency, maxFailures, actor }));
      switch (outcome.kind) {
        case 'started':
          return { status: 202, body: viewOf(outcome.operation) };
        case 'not_found':
          throw new ApiError('not_found', `there is no operation ${id}`);
        case 'not_previewed':
          throw new ApiError(
            'operation_not_previewed',
            `operation ${id} is ${outcome.state}; preview it again`,
          );
        case 'changed':
          throw new ApiError(
            'operation_changed',
            `machines have changed since the preview; the digest is ${outcome.operation.digest} now`,
          );
      }
    },
    cancelOperation: async ({ actor, params: { operation: id } }) => {
      requirePermission(actor, found(id).verb as OperationVerb);
      const cancelled = await stored(() => operations.cancel(id, actor));
      if (cancelled === undefined) throw new ApiError('not_found', `there is no operation ${id}`);
      return { status: 200, body: viewOf(cancelled) };
    },
  };
}

function requirePermission(actor: Actor, verb: OperationVerb): void {
  const permission: Permission =
    verb === 'delete' || verb === 'patch' ? 'machines:manage' : VERB_TABLE[verb].permission;
  if (!actor.permissions.has(permission))
    throw new ApiError(
      'forbidden',
      `${actor.name} may not ${verb} machines: this needs the permission ${permission}`,
    );
}

async function stored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreError ? new ApiError('not_stored', error.message) : error;
  }
}

function noFilter(): MachineFilter {
  return { state: [], condition: [], label: [] };
}

function isCase(
  { refusal, result }: OperationMachine,
  wanted: 'possible' | 'refused' | 'done' | 'failed' | 'waiting',
): boolean {
  switch (wanted) {
    case 'possible':
      return refusal === undefined;
    case 'refused':
      return refusal !== undefined;
    case 'waiting':
      return refusal === undefined && result === undefined;
    default:
      return result === wanted;
  }
}

function viewOf(operation: Operation): OperationView {
  const {
    createdAtMs,
    createdBy,
    digest,
    finishedAtMs,
    id,
    parameters,
    reason,
    startedAtMs,
    startedBy,
    state,
    verb,
  } = operation;
  return {
    id,
    verb: verb as OperationVerb,
    parameters,
    reason,
    state,
    digest,
    created_at: new Date(createdAtMs).toISOString(),
    created_by: createdBy,
    started_at: timeOf(startedAtMs),
    started_by: startedBy ?? null,
    finished_at: timeOf(finishedAtMs),
    ...countsOf(operation),
  };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
