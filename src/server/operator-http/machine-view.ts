import type { MachineRecordView } from '../../machines/machine-registry.ts';
import type { Machine } from '../../provision/machines/machine.ts';

/** A machine as lists show it: its metadata can be secrets, and stays with what is rendered for the machine alone. */
export interface MachineView extends Omit<Machine, 'metadata'> {
  /** Who declares it, the one that counts most first. */
  readonly sources: readonly string[];
  /** Where sources differ, and what another record claims as well, a sentence each. */
  readonly conflicts: readonly string[];
}

/** The machine without its metadata. */
export function viewMachine({
  contestedClaims,
  fieldConflicts,
  machine,
  sources,
}: MachineRecordView): MachineView {
  const { metadata: _secret, ...shown } = machine;
  return {
    ...shown,
    sources,
    conflicts: [
      ...fieldConflicts.map(
        ({ field, follows, ignores }) =>
          `${field}: sources disagree; the value from ${follows} is used, the one from ${ignores} is ignored`,
      ),
      ...contestedClaims.map(
        ({ holder, others, what }) =>
          `${what} is claimed by several machines: it belongs to ${holder}, and is ignored for ${others.join(', ')}`,
      ),
    ],
  };
}
