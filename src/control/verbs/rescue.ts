import { armEvent, isArmed, refuseArm } from '../arm-request.ts';
import { defineVerb } from '../verb.ts';

/** Arms a machine for the rescue system, a live system for repair. */
export const rescue = defineVerb('rescue', {
  eventKind: 'arm',
  refuse: (subject) => refuseArm(subject, 'rescue'),
  isDone: (subject, call) => isArmed(subject, 'rescue', call),
  effect: (_subject, call) => ({ event: armEvent('rescue', call) }),
  detail: ({ attempts }) => ({ attempts }),
});
