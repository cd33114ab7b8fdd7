import type { JsonObject } from '../provision/json-value.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { recognisedBy } from '../provision/machines/recognised-by.ts';
import type { MachineChange } from '../store/machine-store.ts';
import type { TransitionKind } from '../store/transition-store.ts';
import { toMachineRecord } from './machine-record.ts';

/** A change of one source's record that is to be written. */
export interface RecordChange {
  readonly kind: TransitionKind;
  readonly source: string;
  readonly id: string;
  /** When it was first changed. */
  readonly at: Date;
  /** The declaration of the source; absent if it no longer declares the machine. */
  readonly machine?: Machine;
  readonly detail: JsonObject;
}

/** The change as the store takes it, with its transition. */
export function toStoredChange({ at, detail, id, kind, machine, source }: RecordChange): MachineChange {
  const transition = { at, machineId: id, kind, source, detail };
  if (machine === undefined) return { kind: 'delete', source, id, transition };
  const stored = { source, id, record: toMachineRecord(machine) };
  return { kind: 'put', machine: stored, transition, adopts: recognisedBy(machine) };
}
