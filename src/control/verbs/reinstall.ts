import { armEvent, isArmed, refuseArm } from '../arm-request.ts';
import type { MachineSubject } from '../machine-subject.ts';
import { defineVerb } from '../verb.ts';

/** Arms a machine that is installed for another installation. Everything on its disk is lost, so its name is repeated. */
export const reinstall = defineVerb('reinstall', {
  eventKind: 'arm',
  refuse: (subject, parameters) =>
    refuse(subject) ?? (parameters && refuseUnconfirmed(subject, parameters.confirm)),
  isDone: (subject, call) => isArmed(subject, 'install', call),
  effect: (_subject, call) => ({ event: armEvent('install', call) }),
  detail: ({ attempts }) => ({ attempts }),
});

function refuse(subject: MachineSubject): string | undefined {
  const { installation, state } = subject.life;
  if (installation === undefined && state !== 'installed') return 'it is not installed; arm it instead';
  return refuseArm(subject, 'install');
}

function refuseUnconfirmed({ id, machine }: MachineSubject, confirm: string): string | undefined {
  if (confirm === id || confirm === machine?.hostname) return undefined;
  return `everything on its disk will be lost: to confirm, give its id ${id} as "confirm"`;
}
