import type { MachineRecordView } from '../../machines/machine-registry.ts';
import type { Machine } from '../../provision/machines/machine.ts';

/**
 * A machine as lists show it: without metadata, which can contain secrets and is used only to render the machine's own
 * configuration.
 */
export interface MachineView extends Omit<Machine, 'metadata'> {
  /** The sources that declare it, in order of precedence. */
  readonly sources: readonly string[];
  /** One sentence for each value in which sources differ, or that another record claims as well. */
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
