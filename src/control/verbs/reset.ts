import { armEvent, armParameters, isArmed, refuseArm } from '../arm-request.ts';
import { defineVerb } from '../verb.ts';

/** Arms an installed machine for the reset of Flatcar, which keeps what it is told to keep and runs Ignition again. */
export const reset = defineVerb({
  name: 'reset',
  summary: 'have the profile for a reset reset the installed system when the machine restarts',
  permission: 'machines:operate',
  parameters: armParameters,
  eventKind: 'arm',
  refuse: (subject) => refuseArm(subject, 'reset'),
  isDone: (subject, call) => isArmed(subject, 'reset', call),
  effect: (_subject, call) => ({ event: armEvent('reset', call) }),
  detail: ({ attempts }) => ({ attempts }),
});
