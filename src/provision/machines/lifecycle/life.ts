import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';

/** Where a machine is in its life. What its current boot does, and what is wrong with it, are not states. */
export const LIFE_STATES = [
  'discovered',
  'ready',
  'armed',
  'booting',
  'installing',
  'installed',
  'live',
  'rescue',
  'failed',
  'retired',
] as const;
export type LifeState = (typeof LIFE_STATES)[number];

/** The states that end by a return to an earlier state. */
export type BasedState = 'armed' | 'rescue' | 'failed';

/** What a machine is armed for: to be installed, to be reset by Flatcar's own tool, to be repaired, or to run in memory. */
export const ARM_PURPOSES = ['install', 'reset', 'rescue', 'live'] as const;
export type ArmPurpose = (typeof ARM_PURPOSES)[number];

/** The permission to boot once for a purpose. */
export interface Arm {
  readonly purpose: ArmPurpose;
  /** When it ends, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** How long it was given for; absent if nobody gave it a time, as with `arm: auto`. */
  readonly ttlMs?: number;
  /** Installations that may still begin. Only installing and resetting use attempts up. */
  readonly attemptsLeft: number;
  /** Who armed it: an operator's name, or `system`. */
  readonly by: string;
  readonly reason: string;
}

/** What a token of a boot session permits: to fetch the configs of this boot, those of the installed system, or to report. */
export const TOKEN_USES = ['boot', 'installed', 'report'] as const;
export type TokenUse = (typeof TOKEN_USES)[number];

/** One boot for which the machine has got tokens. */
export interface LifeSession {
  readonly id: string;
  readonly startedAtMs: number;
  readonly purpose: ArmPurpose;
  /** The network card and the address that the script was sent to. */
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  /** SHA-256 of each token in hex; the tokens themselves are not kept. */
  readonly tokens: Readonly<Record<TokenUse, string>>;
  /** When each document was first fetched with its token, by the name of the document. */
  readonly fetchedAtMs: Readonly<Record<string, number>>;
}

/** What the installer reported when it was done. */
export interface Installation {
  readonly atMs: number;
  readonly release?: string;
  readonly disk?: string;
  /** SHA-256 in hex of the config that was installed. */
  readonly configHash?: string;
  /** The generation of the catalog that the config is from. */
  readonly generation?: string;
}

/** Why a machine is in the state `failed`. */
export const FAILURE_CAUSES = [
  /** The machine reported it. */
  'reported',
  /** It asked for its installer again without having reported, and had no attempts left. */
  'rebooted_without_report',
  'boot_timeout',
  'install_timeout',
  /** It began too many installations within an hour. */
  'loop_detected',
  /** Somebody disarmed it during the installation. */
  'disarmed',
] as const;
export type FailureCause = (typeof FAILURE_CAUSES)[number];

export interface Failure {
  readonly cause: FailureCause;
  readonly message: string;
  /** Whether trying again is pointless until somebody changes something. */
  readonly permanent: boolean;
}

/** What is noticed about a machine in any state. */
export const CONDITION_TYPES = ['held', 'locked', 'stalled', 'loop_detected', 'drifted'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** A condition that is the case. One that is not is absent. */
export interface Condition {
  readonly sinceMs: number;
  readonly message: string;
}

/** Everything that is kept about the life of one machine. A value, which every event replaces. */
export interface Life {
  readonly machineId: string;
  readonly state: LifeState;
  /** When the state began, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** The state to return to when the arm, the rescue system or the failure is over. */
  readonly base: Readonly<Partial<Record<BasedState, LifeState>>>;
  /** Stays while the machine boots and installs for it. */
  readonly arm?: Arm;
  /** While it boots or installs: what for. Undefined for a profile that any machine may boot at any time. */
  readonly purpose?: ArmPurpose;
  /** Number of arms so far. Tokens belong to one of them, and the next one makes them void. */
  readonly epoch: number;
  /** Whether the group's `arm: auto` has been used; it arms a machine only once. */
  readonly armedBySystem: boolean;
  /** The latest boot for which tokens were made. It stays after the boot, for the reports of what it installed. */
  readonly session?: LifeSession;
  /** When booting or installing must be done, in milliseconds since 1970. */
  readonly deadlineMs?: number;
  /** When the machine took its latest step while booting or installing. */
  readonly lastStepAtMs?: number;
  /** When installations began within the last hour, oldest first. */
  readonly installsBegunMs: readonly number[];
  readonly installation?: Installation;
  /** Whether the running system itself has reported that it is up. */
  readonly confirmed: boolean;
  readonly failure?: Failure;
  readonly conditions: Readonly<Partial<Record<ConditionType, Condition>>>;
}

/** The life of a machine about which nothing is kept yet. It is declared by a file or inventory, or only discovered. */
export function newLife(machineId: string, declared: boolean): Life {
  return {
    machineId,
    state: declared ? 'ready' : 'discovered',
    sinceMs: 0,
    base: {},
    epoch: 0,
    armedBySystem: false,
    installsBegunMs: [],
    confirmed: false,
    conditions: {},
  };
}
