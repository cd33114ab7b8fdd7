import { isDeclared } from '../machine-subject.ts';
import { defineVerb } from '../verb.ts';

/** Refuses a discovered machine on every plane. */
export const reject = defineVerb('reject', {
  eventKind: 'reject',
  refuse: (subject) => (isDeclared(subject) ? 'it is declared; retire it instead' : undefined),
  effect: () => ({ event: { kind: 'reject' } }),
});
