import type { Machine } from '../../provision/machines/machine.ts';

/** A machine as lists show it: its metadata can be secrets, and stays with what is rendered for the machine alone. */
export type MachineView = Omit<Machine, 'metadata'>;

/** The machine without its metadata. */
export function viewMachine(machine: Machine): MachineView {
  const { metadata: _secret, ...shown } = machine;
  return shown;
}
