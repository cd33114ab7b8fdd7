import type { LifeEventKind } from './life-event.ts';
import type { LifeState } from './life.ts';

/** Under which circumstances a rule applies; `guards.ts` says what each means. */
export type Guard =
  | 'may_be_armed'
  | 'never_installed'
  | 'unlocked'
  | 'attempts_left'
  | 'arm_is_open'
  | 'has_arm'
  | 'to_be_installed'
  | 'to_be_rescued'
  | 'has_installation'
  | 'is_looping';

/** Where an event leads: a state, the same state, or the state that the present one is to return to. */
export type Target = LifeState | 'same' | 'base';

/** One rule. It applies if all of its guards hold. */
export interface Rule {
  readonly to: Target;
  readonly when?: readonly Guard[];
}

/** The rules of one state, by event: the first rule that applies is used. An event without one is invalid. */
export type StateRules = Readonly<Partial<Record<LifeEventKind, readonly Rule[]>>>;

const to = (target: Target, ...when: readonly Guard[]): Rule =>
  when.length === 0 ? { to: target } : { to: target, when };

/** What an operator may do to a machine in any state. */
const ALWAYS: StateRules = {
  hold: [to('same')],
  release: [to('same')],
  lock: [to('same')],
  unlock: [to('same')],
  // What is known of a loop outlasts the state `failed`, and must not keep the machine from being armed for ever.
  clear: [to('same', 'is_looping')],
};

/** Boot the machine: for an arm, or as profiles without `lifecycle: install` and `protect` do at any time. */
const BOOTS: StateRules = {
  script_served: [to('booting')],
  asked_while_unarmed: [to('same')],
};

const CAN_BE_ARMED: StateRules = { arm: [to('armed', 'may_be_armed')] };
const CAN_RETIRE: StateRules = { retire: [to('retired', 'unlocked')] };
const CAN_LOOP: StateRules = { loop_detected: [to('failed')] };
const STEPS: StateRules = { step: [to('same')], stall: [to('same')], document_fetched: [to('same')] };

/**
 * The whole life of a machine: state by event. It follows MAAS, Ironic and Metal3 in its names, and the rule that a
 * state changes by what a machine reports and not by what it asks for.
 */
export const TRANSITION_TABLE: Readonly<Record<LifeState, StateRules>> = {
  discovered: {
    ...ALWAYS,
    ...BOOTS,
    ...CAN_RETIRE,
    declared: [to('ready')],
    approve: [to('ready')],
    reject: [to('retired', 'unlocked')],
    auto_arm: [to('armed', 'may_be_armed', 'never_installed')],
  },
  ready: {
    ...ALWAYS,
    ...BOOTS,
    ...CAN_BE_ARMED,
    ...CAN_RETIRE,
    declared: [to('same')],
    auto_arm: [to('armed', 'may_be_armed', 'never_installed')],
    adopt: [to('installed')],
  },
  armed: {
    ...ALWAYS,
    ...CAN_BE_ARMED,
    ...CAN_RETIRE,
    ...CAN_LOOP,
    declared: [to('same')],
    disarm: [to('base')],
    arm_expired: [to('base')],
    script_served: [to('booting', 'arm_is_open')],
  },
  booting: {
    ...ALWAYS,
    ...BOOTS,
    // A machine that hangs need not run out of time first.
    ...CAN_BE_ARMED,
    disarm: [to('base', 'has_arm')],
    ...CAN_RETIRE,
    ...CAN_LOOP,
    ...STEPS,
    declared: [to('same')],
    ignition_served: [to('installing', 'to_be_installed'), to('rescue', 'to_be_rescued'), to('live')],
    image_loaded: [to('booting', 'to_be_installed'), to('rescue', 'to_be_rescued'), to('live')],
    report_up: [to('booting', 'to_be_installed'), to('rescue', 'to_be_rescued'), to('live')],
    report_failed: [to('failed')],
    boot_timeout: [to('armed', 'arm_is_open'), to('failed')],
  },
  installing: {
    ...ALWAYS,
    ...CAN_LOOP,
    ...STEPS,
    declared: [to('same')],
    // After its end, an arm permits only to report.
    script_served: [to('booting', 'attempts_left', 'arm_is_open')],
    rebooted_without_report: [to('failed')],
    disarm: [to('failed')],
    install_timeout: [to('failed')],
    report_installed: [to('installed')],
    report_failed: [to('failed')],
    attempt_failed: [to('same')],
  },
  installed: {
    ...ALWAYS,
    ...BOOTS,
    ...CAN_BE_ARMED,
    ...CAN_RETIRE,
    declared: [to('same')],
    // A report that is repeated because its answer was lost.
    report_installed: [to('same')],
    report_up: [to('same')],
    document_fetched: [to('same')],
  },
  live: {
    ...ALWAYS,
    ...CAN_BE_ARMED,
    ...CAN_RETIRE,
    declared: [to('same')],
    script_served: [to('booting')],
    // It has restarted, and what was in memory is gone.
    asked_while_unarmed: [to('installed', 'has_installation'), to('ready')],
    report_up: [to('same')],
    report_failed: [to('failed')],
    document_fetched: [to('same')],
  },
  rescue: {
    ...ALWAYS,
    ...BOOTS,
    ...CAN_BE_ARMED,
    ...CAN_RETIRE,
    declared: [to('same')],
    unrescue: [to('base')],
    report_up: [to('same')],
    document_fetched: [to('same')],
  },
  failed: {
    ...ALWAYS,
    ...BOOTS,
    ...CAN_BE_ARMED,
    ...CAN_RETIRE,
    declared: [to('same')],
    clear: [to('base')],
    // The report was late: it was on its way when the time was over or the machine restarted.
    report_installed: [to('installed')],
  },
  retired: {
    ...ALWAYS,
    declared: [to('same')],
    restore: [to('ready')],
  },
};
