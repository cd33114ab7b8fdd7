import type { KeyedBuckets } from '../../limits/token-bucket.ts';
import type { BootEvent } from '../history/boot-event.ts';
import { describeConflict, type Identification, type IdentityClaims } from './identification.ts';

/**
 * The events about identifiers in a request that belong to another machine. `reported` limits how often each pair of
 * card and machine is reported.
 */
export function conflictEvents(
  { conflicts, machine }: Identification,
  claims: IdentityClaims,
  reported: KeyedBuckets,
  nowMs: number,
): Omit<BootEvent, 'at'>[] {
  const { mac } = claims;
  return conflicts
    .filter(({ machineId }) => reported.take(`${mac ?? ''} ${machineId}`, nowMs))
    .map((conflict) => ({
      kind: 'machine.conflict',
      ...(mac !== undefined && { mac }),
      ...(machine !== undefined && { machineId: machine.id }),
      summary: describeConflict(conflict, claims, machine),
      detail: { conflict: conflict.kind, by: conflict.by, with: conflict.machineId },
    }));
}
