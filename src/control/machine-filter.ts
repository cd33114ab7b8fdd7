import type { MachineFilter } from '../api/schemas/machine-filter.ts';
import type { ListedMachine, MachineSubject } from './machine-subject.ts';

/** Whether a machine fits what can be told without a decision of the catalog; `fitsProfile` tells the rest. */
export function fitsRecord(
  { discovered, id, life, machine, sources }: ListedMachine,
  { condition, label, q, source, state }: MachineFilter,
): boolean {
  if (state.length > 0 && !state.includes(life.state)) return false;
  if (condition.length > 0 && !condition.some((type) => life.conditions[type] !== undefined)) return false;
  if (source !== undefined && !sources.includes(source)) return false;
  const labels = machine?.labels ?? {};
  for (const { key, value } of label) {
    if (!Object.hasOwn(labels, key)) return false;
    if (value !== undefined && labels[key] !== value) return false;
  }
  if (q === undefined || q === '') return true;
  const wanted = q.toLowerCase();
  const texts = [
    id,
    machine?.hostname,
    machine?.uuid ?? discovered?.uuid,
    machine?.serial ?? discovered?.serial,
    machine?.address ?? discovered?.address,
    ...(machine?.macs ?? (discovered === undefined ? [] : [discovered.mac])),
    ...Object.values(labels),
  ];
  return texts.some((text) => text?.toLowerCase().includes(wanted) === true);
}

/** Whether the catalog gives the machine what the filter asks for. */
export function fitsProfile({ profile: found }: MachineSubject, { group, profile }: MachineFilter): boolean {
  if (group === undefined && profile === undefined) return true;
  if ('problem' in found) return false;
  return (
    (group === undefined || found.group === group) && (profile === undefined || found.profile === profile)
  );
}

/** Whether `fitsProfile` has to be asked at all. */
export function asksForProfile({ group, profile }: MachineFilter): boolean {
  return group !== undefined || profile !== undefined;
}
