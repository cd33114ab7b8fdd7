import type { ArmPurpose } from '../../provision/machines/lifecycle/life.ts';
import { armEvent, isArmed, refuseArm } from '../arm-request.ts';
import type { MachineSubject } from '../machine-subject.ts';
import { defineVerb } from '../verb.ts';

/** Permits a machine to boot once for a purpose. */
export const arm = defineVerb('arm', {
  eventKind: 'arm',
  refuse: (subject, parameters) => refuse(subject, purposeOf(subject, parameters)),
  isDone: (subject, call) => isArmed(subject, purposeOf(subject, call.parameters), call),
  effect: (subject, call) => ({ event: armEvent(purposeOf(subject, call.parameters), call) }),
  detail: ({ attempts, purpose }) => ({ attempts, ...(purpose !== undefined && { purpose }) }),
});

/** The purpose that is asked for, or else what the machine's profile is for. */
function purposeOf(
  { profile }: MachineSubject,
  asked?: { readonly purpose?: ArmPurpose | undefined },
): ArmPurpose {
  return asked?.purpose ?? ('problem' in profile ? 'install' : profile.lifecycle);
}

function refuse(subject: MachineSubject, purpose: ArmPurpose): string | undefined {
  const { installation, state } = subject.life;
  if (purpose === 'install' && (installation !== undefined || state === 'installed')) {
    return 'it is installed: `reinstall` installs it again, and everything on its disk is lost';
  }
  return refuseArm(subject, purpose);
}
