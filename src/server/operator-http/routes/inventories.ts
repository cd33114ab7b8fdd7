import type { INVENTORY_ROUTES } from '../../../api/routes/inventories.ts';
import type { InventoryControl, InventoryOutcome } from '../../../control/inventory-control.ts';
import type { Inventory } from '../../../machines/inventories.ts';
import { ApiError } from '../api-error.ts';
import type { Handlers } from '../handler.ts';
import { faultsOf } from './machine-records.ts';

/** What the routes of inventories depend on. */
export interface InventoryRouteParts {
  readonly inventories: Pick<InventoryControl, 'delete' | 'find' | 'list' | 'put'>;
}

/** Faults that an answer names; somebody who corrects so many sends the set again. */
const FAULTS_MAX = 1_000;

export function inventoryHandlers({ inventories }: InventoryRouteParts): Handlers<typeof INVENTORY_ROUTES> {
  return {
    listInventories: () => ({ status: 200, body: { items: inventories.list().map(viewOf) } }),
    showInventory: ({ params: { source } }) => {
      const inventory = inventories.find(source);
      if (inventory === undefined) throw new ApiError('not_found', `there is no inventory ${source}`);
      return { status: 200, body: viewOf(inventory) };
    },
    replaceInventory: async ({ actor, body: { machines: entries }, params: { source }, query }) => {
      const { allow_removal: allowRemoval, dry_run: dry, reason } = query;
      const dryRun = dry === 'true';
      const put = { source, entries, dryRun, allowRemoval, reason, actor };
      return { status: 200, body: changesOf(await inventories.put(put), dryRun) };
    },
    deleteInventory: async ({
      actor,
      params: { source },
      query: { allow_removal: allowRemoval, reason },
    }) => {
      const outcome = await inventories.delete({ source, dryRun: false, allowRemoval, reason, actor });
      return { status: 200, body: changesOf(outcome, false) };
    },
  };
}

function changesOf(outcome: InventoryOutcome, dryRun: boolean) {
  if (outcome.kind !== 'done') throw refusalOf(outcome);
  return { dry_run: dryRun, ...outcome.changes };
}

function refusalOf(outcome: Exclude<InventoryOutcome, { kind: 'done' }>): ApiError {
  switch (outcome.kind) {
    case 'not_found':
      return new ApiError('not_found', outcome.reason);
    case 'denied':
      return new ApiError('forbidden', outcome.reason, {}, true);
    case 'invalid': {
      const errors = faultsOf(outcome.faults.slice(0, FAULTS_MAX));
      const count = outcome.faults.length;
      return new ApiError(
        'invalid_request',
        `the set has ${count} ${count === 1 ? 'fault' : 'faults'}, and changes nothing`,
        { errors },
      );
    }
    case 'locked':
      return new ApiError('machine_locked', outcome.reason, { errors: faultsOf(outcome.faults) });
    case 'too_many_removals':
      return new ApiError('too_many_removals', outcome.reason);
    case 'not_stored':
      return new ApiError('not_stored', outcome.reason);
  }
}

function viewOf({ machines, name, putAt, putBy, putId }: Inventory) {
  return { name, machines, put_at: putAt.toISOString(), put_by: putBy, put_id: putId };
}
