import { z } from 'zod';

/** A time as RFC 3339, in UTC. */
export const timeText = z.iso.datetime().meta({ description: 'RFC 3339, in UTC.' });

/** Why somebody wants a change; the audit has it. */
export const reasonText = z.string().max(1024).default('').meta({ description: 'Why, for the audit.' });

/** A JSON object whose fields the schema does not name, with its type. */
export function objectOf<T>(): z.ZodType<T, T> {
  return z.looseObject({}) as unknown as z.ZodType<T, T>;
}

/** The same value, which nobody may change. */
export type Unchangeable<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer I)[]
    ? readonly Unchangeable<I>[]
    : T extends object
      ? { readonly [K in keyof T]: Unchangeable<T[K]> }
      : T;

/** What a schema describes, as it is shown. */
export type View<S extends z.ZodType> = Unchangeable<z.output<S>>;
