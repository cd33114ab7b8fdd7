import { advance, isLooping, whyInvalid, whyNoFurtherAttempt } from '../machines/lifecycle/advance.ts';
import type { LifeEventKind } from '../machines/lifecycle/life-event.ts';
import type { ArmPurpose, Life } from '../machines/lifecycle/life.ts';

/** What profile, group and settings say about the lifecycle of a machine. */
export interface LifecyclePolicy {
  /** `lifecycle` of the profile. */
  readonly lifecycle: 'install' | 'live';
  /** Whether the profile says `protect: session`. */
  readonly isProtected: boolean;
  /** Whether the group says `arm: auto`. */
  readonly armsAutomatically: boolean;
  /** What a machine does that is not armed, although its profile requires it. */
  readonly unarmed: 'wait' | 'local';
  /** What a machine does whose installation has failed. */
  readonly onFailure: 'hold' | 'rescue' | 'local';
}

/** Why the life of a machine keeps it from booting what its profile says. */
export type LifeCause = 'held' | 'retired' | 'unarmed' | 'installed' | 'failed' | 'loop_detected';

/** What can happen to the life of a machine that asks for its script and boots. */
export type BootLifeEvent = Extract<LifeEventKind, 'auto_arm' | 'rebooted_without_report'>;

/** What can happen to the life of a machine that asks for a script and does not boot. */
export type NoBootLifeEvent = Extract<
  LifeEventKind,
  'arm_expired' | 'asked_while_unarmed' | 'rebooted_without_report' | 'loop_detected'
>;

/** What a machine may do according to its life. */
export type LifeDecision =
  | {
      readonly kind: 'boot';
      /** What it boots for; undefined for a profile that any machine may boot at any time. */
      readonly purpose?: ArmPurpose;
      /** What happens to its life if it asks for its script, before `script_served`. */
      readonly event?: BootLifeEvent;
      /** Why it boots for that purpose, if nobody armed it for it. */
      readonly reason?: string;
    }
  | {
      readonly kind: 'wait' | 'local' | 'refuse';
      readonly cause: LifeCause;
      readonly reason: string;
      /** What happens to its life if it asks for a script. */
      readonly event?: NoBootLifeEvent;
    };

/**
 * Decides by the life of a machine whether it may boot, at a time in milliseconds since 1970. Changes nothing: what
 * happens to the life if the machine asks for its script is part of the decision.
 */
export function decideByLife(life: Life, policy: LifecyclePolicy, nowMs: number): LifeDecision {
  const { arm, conditions, machineId, purpose, state } = life;
  const named = `machine ${machineId}`;
  if (state === 'retired') return { kind: 'refuse', cause: 'retired', reason: `${named} is retired` };
  if (conditions.held !== undefined) {
    return { kind: 'wait', cause: 'held', reason: `${named} is held: ${conditions.held.message}` };
  }
  if (conditions.loop_detected !== undefined) return afterFailure(life, policy);
  switch (state) {
    case 'armed':
      if (whyInvalid(life, 'script_served', nowMs) !== undefined) return afterArm(life, policy, nowMs);
      if (installs(arm?.purpose) && isLooping(life, nowMs)) return looping(life, policy);
      return { kind: 'boot', ...(arm !== undefined && { purpose: arm.purpose }) };
    case 'booting':
      return purpose === undefined ? withoutArm(life, policy, nowMs) : { kind: 'boot', purpose };
    case 'installing':
      if (isLooping(life, nowMs)) return looping(life, policy);
      if (whyInvalid(life, 'script_served', nowMs) === undefined) {
        return { kind: 'boot', ...(arm !== undefined && { purpose: arm.purpose }) };
      }
      return { ...afterFailure(life, policy), event: 'rebooted_without_report' };
    case 'rescue':
      return { kind: 'boot', purpose: 'rescue' };
    case 'failed':
      return needsArm(policy) ? afterFailure(life, policy) : { kind: 'boot' };
    default:
      return withoutArm(life, policy, nowMs);
  }
}

/**
 * Decides for a machine that has no life because it has no record and sends no MAC address: nothing is known of it from
 * one boot to the next. Undefined if the profile boots any machine.
 */
export function decideWithoutLife(policy: LifecyclePolicy): LifeDecision | undefined {
  if (!needsArm(policy)) return undefined;
  const reason =
    'this machine has no record and sends no MAC address, so it cannot be armed: declare it with its UUID';
  return { kind: policy.unarmed, cause: 'unarmed', reason };
}

/** Whether a profile boots only machines that are armed for it. */
export function needsArm({ isProtected, lifecycle }: LifecyclePolicy): boolean {
  return isProtected || lifecycle === 'install';
}

function withoutArm(life: Life, policy: LifecyclePolicy, nowMs: number): LifeDecision {
  if (!needsArm(policy)) return { kind: 'boot' };
  if (policy.armsAutomatically && whyInvalid(life, 'auto_arm', nowMs) === undefined) {
    return { kind: 'boot', purpose: policy.lifecycle, event: 'auto_arm' };
  }
  const { machineId, state } = life;
  if (policy.lifecycle === 'install' && state === 'installed') {
    const reason = `machine ${machineId} is installed`;
    return { kind: 'local', cause: 'installed', reason, event: 'asked_while_unarmed' };
  }
  const reason = `machine ${machineId} is not armed`;
  return { kind: policy.unarmed, cause: 'unarmed', reason, event: 'asked_while_unarmed' };
}

/**
 * The arm is over, and the timer has not noticed yet. What the machine does after it is decided; if it may boot, it asks
 * again first, so that no script is sent before the end of the arm is stored.
 */
function afterArm(life: Life, policy: LifecyclePolicy, nowMs: number): LifeDecision {
  const expired = advance(life, { kind: 'arm_expired' }, nowMs);
  const next = expired.kind === 'advanced' ? decideByLife(expired.life, policy, nowMs) : undefined;
  if (next !== undefined && next.kind !== 'boot') return { ...next, event: 'arm_expired' };
  const reason = `the arm of machine ${life.machineId} has expired`;
  return { kind: 'wait', cause: 'unarmed', reason, event: 'arm_expired' };
}

function installs(purpose: ArmPurpose | undefined): boolean {
  return purpose === 'install' || purpose === 'reset';
}

function looping(life: Life, policy: LifecyclePolicy): LifeDecision {
  const reason = `machine ${life.machineId} began too many installations within an hour`;
  if (policy.onFailure === 'local')
    return { kind: 'local', cause: 'loop_detected', reason, event: 'loop_detected' };
  return { kind: 'wait', cause: 'loop_detected', reason, event: 'loop_detected' };
}

function afterFailure(life: Life, { onFailure }: LifecyclePolicy): LifeDecision {
  const { conditions, machineId, state } = life;
  // A failure that is known while it installs is of the attempt that has ended with the restart.
  const failure = state === 'installing' ? undefined : life.failure;
  const cause = conditions.loop_detected === undefined ? 'failed' : 'loop_detected';
  const why = failure?.message ?? conditions.loop_detected?.message ?? whyNoFurtherAttempt(life);
  const reason = `machine ${machineId} has failed: ${why}`;
  // A machine that loops stays where it is: the rescue system would be one more boot.
  if (onFailure === 'rescue' && cause === 'failed') return { kind: 'boot', purpose: 'rescue', reason };
  return { kind: onFailure === 'local' ? 'local' : 'wait', cause, reason };
}
