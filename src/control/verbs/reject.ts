import { z } from 'zod';
import { isDeclared } from '../machine-subject.ts';
import { defineVerb } from '../verb.ts';

/** Refuses a discovered machine on every plane. */
export const reject = defineVerb({
  name: 'reject',
  summary: 'refuse a discovered machine: it gets nothing, and is not listed as waiting',
  permission: 'machines:manage',
  parameters: z.strictObject({}),
  eventKind: 'reject',
  refuse: (subject) => (isDeclared(subject) ? 'it is declared; retire it instead' : undefined),
  effect: () => ({ event: { kind: 'reject' } }),
});
