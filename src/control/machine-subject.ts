import type { ArmPurpose, Life } from '../provision/machines/lifecycle/life.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { GroupLabels } from '../provision/selection/labels-to-join.ts';
import type { DiscoveredMachine } from '../store/discovered-machine-store.ts';

/** What the catalog has for a machine, as far as verbs depend on it. */
export interface SubjectProfile {
  readonly group: string;
  readonly profile: string;
  readonly lifecycle: 'install' | 'live';
  /** Whether only an armed machine boots it. */
  readonly needsArm: boolean;
  /** Why the catalog has nothing to boot for a purpose, as without a profile for repair; undefined if it has. */
  readonly faultOf: (purpose: ArmPurpose) => string | undefined;
}

/** What is known of a machine without a decision of the catalog. */
export interface ListedMachine {
  readonly id: string;
  readonly life: Life;
  /** Its record; absent for a machine that was only discovered. */
  readonly machine?: Machine;
  /** The sources that declare it; empty for a machine that was only discovered. */
  readonly sources: readonly string[];
  readonly discovered?: DiscoveredMachine;
}

/** A machine that somebody wants to see or change. */
export interface MachineSubject extends ListedMachine {
  /** One sentence for each value in which sources differ, or that another record claims as well. */
  readonly conflicts?: readonly string[];
  /** The labels with which a group selects it, beside those that it is given; only for a machine without a record. */
  readonly joinGroup?: (group: string, given: Readonly<Record<string, string>>) => GroupLabels;
  /** What it would boot, or why nothing. */
  readonly profile: SubjectProfile | { readonly problem: string };
  /** How it boots from its disk, in words; absent if nothing is known of that. */
  readonly localBoot?: string;
}

/** Whether a file or an inventory declares the machine, or it was approved. */
export function isDeclared({ machine }: MachineSubject): boolean {
  return machine !== undefined;
}
