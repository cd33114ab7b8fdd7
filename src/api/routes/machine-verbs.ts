import type { z } from 'zod';
import { defineRoute } from '../route.ts';
import { reasonText } from '../schemas/values.ts';
import { VERB_TABLE, type VerbName, type VerbParameters } from '../schemas/verbs.ts';
import { MACHINE_EXAMPLE, machineParams, VERB_ANSWER } from './machines.ts';

/** The names of the operations of verbs: `armMachine`. */
export type VerbOperation<N extends VerbName> = `${N}Machine`;

/** Verbs whose address is not `POST /machines/{id}/VERB`: an arm is a thing that a machine has. */
const ADDRESSES: Readonly<Partial<Record<VerbName, { method: 'PUT' | 'DELETE'; path: string }>>> = {
  arm: { method: 'PUT', path: '/machines/{id}/arm' },
  disarm: { method: 'DELETE', path: '/machines/{id}/arm' },
};

/** The method and path of a verb. */
export function verbAddress(verb: VerbName): {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
} {
  return ADDRESSES[verb] ?? { method: 'POST', path: `/machines/{id}/${verb}` };
}

function verbRoute<const N extends VerbName>(verb: N) {
  const { parameters, permission, summary } = VERB_TABLE[verb];
  // The table has a union of schemas, which TypeScript cannot extend for a verb that it does not know.
  const body = (parameters as z.ZodObject)
    .extend({ reason: reasonText })
    .prefault({}) as unknown as z.ZodType<VerbParameters<N> & { readonly reason: string }>;
  return defineRoute({
    ...verbAddress(verb),
    operation: `${verb}Machine`,
    tag: 'machines',
    summary: `${summary.charAt(0).toUpperCase()}${summary.slice(1)}`,
    permission,
    params: machineParams,
    body,
    answers: VERB_ANSWER,
    errors: ['not_found', 'invalid_transition', 'not_stored'],
    conditional: true,
    example: {
      params: { id: 'node1' },
      body: { reason: 'new disk', ...(verb === 'reinstall' && { confirm: 'node1' }) },
      status: 200,
      answer: { ...MACHINE_EXAMPLE, actions: { hold: { allowed: true } } },
    },
  });
}

const NAMES = Object.keys(VERB_TABLE) as VerbName[];

/** One route for each verb. */
export const MACHINE_VERB_ROUTES = Object.fromEntries(
  NAMES.map((verb) => [`${verb}Machine`, verbRoute(verb)]),
) as { readonly [N in VerbName as VerbOperation<N>]: ReturnType<typeof verbRoute<N>> };
