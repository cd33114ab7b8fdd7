import { z } from 'zod';
import { ERROR_TABLE, type ErrorCode } from './error-table.ts';

/** One fault among several, in a body or in one entry of a set. */
const faultSchema = z.strictObject({
  index: z.int().optional().meta({ description: 'Number of the entry in the set, counted from 0.' }),
  id: z.string().optional().meta({ description: 'The id of that entry, if it has one.' }),
  field: z.string().optional().meta({ description: 'The field, as `selector.mac`.' }),
  line: z.int().optional().meta({ description: 'Line of a document, counted from 1.' }),
  column: z.int().optional().meta({ description: 'Column of a document, counted from 1.' }),
  message: z.string(),
});

/** The body of every error, as `application/problem+json` (RFC 9457). */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    code: z.enum(Object.keys(ERROR_TABLE) as [ErrorCode, ...ErrorCode[]]),
    status: z.int(),
    title: z.string(),
    detail: z.string().optional(),
    request_id: z.string().optional().meta({ description: 'The log of the server names it, too.' }),
    errors: z.array(faultSchema).optional(),
    allowed: z.array(z.string()).optional().meta({ description: 'What is possible now instead.' }),
  })
  .meta({ id: 'Problem' });

export type ProblemDocument = z.infer<typeof problemSchema>;
export type Fault = z.infer<typeof faultSchema>;

/** What an error may say besides its code and detail. */
export interface ProblemMembers {
  readonly request_id?: string;
  readonly errors?: readonly Fault[];
  readonly allowed?: readonly string[];
}

/** The error with this code. */
export function problemDocument(
  code: ErrorCode,
  detail?: string,
  { allowed, errors, request_id }: ProblemMembers = {},
): ProblemDocument {
  const { status, title } = ERROR_TABLE[code];
  return {
    type: 'about:blank',
    code,
    status,
    title,
    ...(detail !== undefined && { detail }),
    ...(request_id !== undefined && { request_id }),
    ...(errors !== undefined && { errors: [...errors] }),
    ...(allowed !== undefined && { allowed: [...allowed] }),
  };
}
