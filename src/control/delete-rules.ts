import { API_SOURCE, APPROVED_SOURCE } from '../machines/machine-records.ts';
import type { LifeState } from '../provision/machines/lifecycle/life.ts';
import type { MachineSubject } from './machine-subject.ts';

/** The sources whose records are made, changed and deleted over the API, those with precedence first. */
export const WRITABLE_SOURCES: readonly string[] = [API_SOURCE, APPROVED_SOURCE];

/** States in which all that is kept about a machine may be deleted. */
const DELETE_ALLOWED: ReadonlySet<LifeState> = new Set(['retired', 'discovered', 'ready']);

/** Why a machine cannot be deleted; undefined if it can. */
export function refuseDelete({ life, sources }: MachineSubject): string | undefined {
  const { conditions, state } = life;
  if (conditions.locked !== undefined) {
    return `it is locked: ${conditions.locked.message}; unlock it first`;
  }
  const others = sources.filter((source) => !WRITABLE_SOURCES.includes(source));
  if (others.length > 0) {
    return `${others.map((source) => (source === 'files' ? 'a file' : source)).join(' and ')} declares it; remove it there`;
  }
  if (!DELETE_ALLOWED.has(state)) return `it is ${state}; retire it first`;
  return undefined;
}
