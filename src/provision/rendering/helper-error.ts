/** A place as Handlebars gives it: lines from 1, columns from 0, in the template named `source`. */
export interface SourceLocation {
  readonly source?: string;
  readonly start: { readonly line: number; readonly column: number };
}

/**
 * Thrown by a helper for what it refuses. Its message names keys and kinds of values, and never a value, which may be a
 * secret.
 */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  /** The argument that it is about, counted from 0, and what is wrong with it; the caller knows what it is called. */
  readonly argument: { readonly index: number; readonly is: string } | undefined;
  /** What to do about it, for the end of the message. */
  readonly advice: string | undefined;
  /** Whether the rendering ends here, instead of going on to look for more. */
  readonly ends: boolean;
  /** Where the helper was called; absent when the place is not known. */
  place: SourceLocation | undefined;

  constructor(
    message: string,
    {
      argument,
      advice,
      ends = false,
    }: { argument?: { index: number; is: string }; advice?: string; ends?: boolean } = {},
  ) {
    super(message);
    this.argument = argument;
    this.advice = advice;
    this.ends = ends;
  }
}

/** The kind of a value, for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'not defined';
  if (value === null) return 'null, which is what YAML makes of a key without a value';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a mapping';
  }
}
