import type { ArmParameters } from '../api/schemas/verbs.ts';
import type { LifeEvent } from '../provision/machines/lifecycle/life-event.ts';
import type { ArmPurpose } from '../provision/machines/lifecycle/life.ts';
import type { MachineSubject } from './machine-subject.ts';
import type { VerbCall } from './verb.ts';

const MINUTE_MS = 60_000;

/** Why a machine cannot be armed for a purpose whatever its state is; undefined if it can. */
export function refuseArm({ life, profile }: MachineSubject, purpose: ArmPurpose): string | undefined {
  if (purpose === 'reset' && life.installation === undefined)
    return 'nothing is installed on it that could be reset';
  if ('problem' in profile) return `there is nothing to arm it for: ${profile.problem}`;
  const { lifecycle, needsArm, profile: id } = profile;
  if (purpose === 'install' && lifecycle !== 'install') {
    return `its profile ${id} installs nothing: it does not say \`lifecycle: install\``;
  }
  if (purpose === 'live' && lifecycle === 'install') {
    return `its profile ${id} is an installer: it says \`lifecycle: install\``;
  }
  if (purpose === 'live' && !needsArm) {
    return `its profile ${id} needs no arm: it boots whenever the machine asks`;
  }
  return profile.faultOf(purpose);
}

/** The event that arms a machine. */
export function armEvent(purpose: ArmPurpose, call: VerbCall<ArmParameters>): LifeEvent {
  const { by, nowMs, parameters, reason } = call;
  const ttlMs = ttlOf(call);
  const { attempts } = parameters;
  return {
    kind: 'arm',
    arm: { purpose, expiresAtMs: nowMs + ttlMs, ttlMs, attemptsLeft: attempts, by, reason },
  };
}

/**
 * Whether the machine is armed in the same way already. A call that is repeated because its answer was lost must not
 * make the tokens of a boot void that has begun meanwhile.
 */
export function isArmed(
  { life }: MachineSubject,
  purpose: ArmPurpose,
  call: VerbCall<ArmParameters>,
): boolean {
  const { arm, state } = life;
  if (arm === undefined || (state !== 'armed' && state !== 'booting')) return false;
  return (
    arm.purpose === purpose &&
    arm.ttlMs === ttlOf(call) &&
    arm.attemptsLeft === call.parameters.attempts &&
    arm.reason === call.reason &&
    arm.expiresAtMs > call.nowMs
  );
}

function ttlOf({ armMs, parameters }: VerbCall<ArmParameters>): number {
  return parameters.ttl_minutes === undefined ? armMs : parameters.ttl_minutes * MINUTE_MS;
}
