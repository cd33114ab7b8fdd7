import { setImmediate as nextTurn } from 'node:timers/promises';
import { InventoryControl } from '../control/inventory-control.ts';
import type { MachineControl } from '../control/machine-control.ts';
import { MachineEditor } from '../control/machine-editor.ts';
import type { Turns } from '../store/turns.ts';
import { appendAudit } from './append-audit.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';

/** What creates and changes machines over the API. `edits` are the turns of all that changes records there. */
export function composeMachineEditor(
  { announced, machines, store }: SharedServices,
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
  control: MachineControl,
  edits: Turns,
): MachineEditor {
  return new MachineEditor({
    detail: (id) => control.detail(id),
    declaredBy: (source) => machines.declaredBy(source),
    claimedByOthers: (machine) => machines.claimedByOthers(machine),
    store: announced.machines,
    applyStored: (source, id, machine) => machines.applyStored(source, id, machine),
    edits,
    recordRefusal: (entry) => appendAudit(store.audit, log, entry),
    now: clock.now,
  });
}

/** What replaces the sets of inventories. */
export function composeInventoryControl(
  { inventories, lives, machines, store }: SharedServices,
  { clock, log, settings }: Pick<Environment, 'clock' | 'log' | 'settings'>,
): InventoryControl {
  return new InventoryControl({
    inventories,
    declaredBy: (source) => machines.declaredBy(source),
    lockOf: (id) => lives.find(id)?.conditions.locked?.message,
    recordRefusal: (entry) => appendAudit(store.audit, log, entry),
    removalPercent: settings.inventories.removal_percent,
    now: clock.now,
    nowMs: clock.nowMs,
    pause: nextTurn,
  });
}
