import { armEvent, isArmed, refuseArm } from '../arm-request.ts';
import { defineVerb } from '../verb.ts';

/** Arms an installed machine for the reset of Flatcar, which keeps what it is told to keep and runs Ignition again. */
export const reset = defineVerb('reset', {
  eventKind: 'arm',
  refuse: (subject) => refuseArm(subject, 'reset'),
  isDone: (subject, call) => isArmed(subject, 'reset', call),
  effect: (_subject, call) => ({ event: armEvent('reset', call) }),
  detail: ({ attempts }) => ({ attempts }),
});
