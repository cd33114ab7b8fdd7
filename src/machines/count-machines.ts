import {
  ARM_PURPOSES,
  type ArmPurpose,
  CONDITION_TYPES,
  type ConditionType,
  LIFE_STATES,
  type Life,
  type LifeState,
} from '../provision/machines/lifecycle/life.ts';
import { discoveredMachineId } from '../provision/machines/machine.ts';
import type { DiscoveredMachine } from '../store/discovered-machine-store.ts';

/** What counting machines depends on. */
export interface CountedMachines {
  /** The lives in which something has happened. */
  readonly lives: Iterable<Life>;
  /** Number of machines that a file, an inventory or an approval declares. */
  readonly declared: number;
  readonly isDeclared: (machineId: string) => boolean;
  readonly discovered: readonly DiscoveredMachine[];
  /** Whether a record lists this network card. */
  readonly hasRecord: (one: DiscoveredMachine) => boolean;
  /** Yields to the event loop. */
  readonly pause: () => Promise<unknown>;
}

/** How many machines are in each state, have each condition, and are armed for each purpose. */
export interface MachineCounts {
  readonly states: ReadonlyMap<LifeState, number>;
  readonly conditions: ReadonlyMap<ConditionType, number>;
  readonly arms: ReadonlyMap<ArmPurpose, number>;
}

/** Machines that are looked at before the event loop gets its turn; about a millisecond. */
const AT_ONCE = 5_000;

/** Counts all machines, as lists have them, without making the list. */
export async function countMachines(parts: CountedMachines): Promise<MachineCounts> {
  const states = zeroes(LIFE_STATES);
  const conditions = zeroes(CONDITION_TYPES);
  const arms = zeroes(ARM_PURPOSES);
  const seen = new Set<string>();
  let declared = 0;
  let looked = 0;
  for (const { arm, conditions: current, machineId, state } of parts.lives) {
    if (++looked % AT_ONCE === 0) await parts.pause();
    seen.add(machineId);
    const isDeclared = parts.isDeclared(machineId);
    if (isDeclared) declared++;
    count(states, isDeclared && state === 'discovered' ? 'ready' : state);
    for (const type of CONDITION_TYPES) if (current[type] !== undefined) count(conditions, type);
    if (arm !== undefined) count(arms, arm.purpose);
  }
  count(states, 'ready', Math.max(0, parts.declared - declared));
  for (const one of parts.discovered) {
    if (!seen.has(discoveredMachineId(one.mac)) && !parts.hasRecord(one)) count(states, 'discovered');
  }
  return { states, conditions, arms };
}

function zeroes<T extends string>(names: readonly T[]): Map<T, number> {
  return new Map(names.map((name) => [name, 0]));
}

function count<T extends string>(counts: Map<T, number>, name: T, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
