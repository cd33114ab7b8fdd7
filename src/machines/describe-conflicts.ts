import type { MachineRecordView } from './machine-registry.ts';

/** One sentence for each value in which sources differ, or that another record claims as well. */
export function describeConflicts({
  contestedClaims,
  fieldConflicts,
}: Pick<MachineRecordView, 'contestedClaims' | 'fieldConflicts'>): readonly string[] {
  return [
    ...fieldConflicts.map(
      ({ field, follows, ignores }) =>
        `${field}: sources disagree; the value from ${follows} is used, the one from ${ignores} is ignored`,
    ),
    ...contestedClaims.map(
      ({ holder, others, what }) =>
        `${what} is claimed by several machines: it belongs to ${holder}, and is ignored for ${others.join(', ')}`,
    ),
  ];
}
