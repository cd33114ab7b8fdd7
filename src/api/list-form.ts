import { z } from 'zod';

/** Maximum number of items on one page of a list. */
export const PAGE_MAX = 1000;
const PAGE_DEFAULT = 100;

/** The place in a list after which a page begins: the sort key and the id of the last item before it. */
export interface PagePosition {
  readonly sort: string;
  readonly key: string | number;
  readonly id: string;
}

/** A cursor as text. Clients pass it back as it is; its content is no promise. */
export function encodeCursor({ id, key, sort }: PagePosition): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url');
}

/** Undefined if the text is not a cursor. */
export function decodeCursor(text: string): PagePosition | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const found = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]).safeParse(parts);
    if (!found.success) return undefined;
    const [sort, key, id] = found.data;
    return { sort, key, id };
  } catch {
    return undefined;
  }
}

const cursor = z
  .string()
  .max(4096)
  .transform((text, context): PagePosition => {
    const position = decodeCursor(text);
    if (position !== undefined) return position;
    context.addIssue('is not a cursor of this API; begin without one');
    return z.NEVER;
  })
  .optional()
  .meta({ description: 'The `next_cursor` of the page before.' });

/** The parameters of every list. */
export const PAGE_QUERY = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_MAX)
    .default(PAGE_DEFAULT)
    .meta({ description: 'Most items of the page.' }),
  cursor,
};

/** `fields=id,state`: the fields of each item that the answer has; absent: all. */
export const fieldsQuery = z
  .string()
  .regex(/^[a-z_]+(,[a-z_]+)*$/, 'names fields, separated by commas')
  .transform((text) => text.split(','))
  .optional()
  .meta({ description: 'Only these fields of each item, as `id,state`.' });

/** `sort=state` or `sort=-state`; the id is what decides between equal ones. */
export function sortQuery<const K extends string>(first: K, ...others: readonly K[]) {
  const keys = [first, ...others].flatMap((key): (K | `-${K}`)[] => [key, `-${key}`]);
  return z
    .enum(keys)
    .optional()
    .transform((key): K | `-${K}` => (key as K | undefined) ?? first)
    .meta({
      description: `The order: a field, with \`-\` before it from the last to the first; ${first} if absent.`,
    });
}

/** A page of a list of these items. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.strictObject({
    items: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'For the next page; null at the end of the list.' }),
    as_of: z.string().meta({
      description:
        'The number of the latest change of any machine that was made before the list was read: all changes up to it are in the list.',
    }),
  });
}

/** Several values of one query parameter: none, a text, or the list of texts of one that was given repeatedly. */
export function repeatedQuery<S extends z.ZodType>(one: S) {
  return z
    .union([one, z.array(one)])
    .optional()
    .transform((value): readonly z.output<S>[] =>
      value === undefined ? [] : Array.isArray(value) ? (value as z.output<S>[]) : [value as z.output<S>],
    );
}
