import type { LifeState } from '../provision/machines/lifecycle/life.ts';
import type { MachineSubject } from './machine-subject.ts';

/** The source of records that approvals make. */
export const APPROVED_SOURCE = 'approved';

/** States in which all that is kept about a machine may be deleted. */
const DELETE_ALLOWED: ReadonlySet<LifeState> = new Set(['retired', 'discovered', 'ready']);

/** Why a machine cannot be deleted; undefined if it can. */
export function refuseDelete({ life, sources }: MachineSubject): string | undefined {
  const { conditions, state } = life;
  if (conditions.locked !== undefined) {
    return `it is locked: ${conditions.locked.message}; unlock it first`;
  }
  const others = sources.filter((source) => source !== APPROVED_SOURCE);
  if (others.length > 0) {
    return `${others.map((source) => (source === 'files' ? 'a file' : source)).join(' and ')} declares it; remove it there`;
  }
  if (!DELETE_ALLOWED.has(state)) return `it is ${state}; retire it first`;
  return undefined;
}
