import { ApiError } from './api-error.ts';
import type { CallContext } from './handler.ts';

/**
 * The entity tags of an If-Match or If-None-Match header (RFC 9110 section 13.1), without `W/` and quotes; `*` for any.
 * Ours are all weak, and are compared as such. Undefined if the header is malformed.
 */
export function parseEntityTags(header: string): readonly string[] | '*' | undefined {
  const text = header.trim();
  if (text === '*') return '*';
  const tags = text.split(',').map((one) => /^\s*(?:W\/)?"([\x21\x23-\x7e]*)"\s*$/.exec(one)?.[1]);
  return tags.every((tag) => tag !== undefined) ? tags : undefined;
}

/**
 * Throws `precondition_failed` unless the request has no If-Match, or it names the present tag. `present` is undefined if
 * there is nothing yet.
 */
export function requireMatch({ ifMatch }: Pick<CallContext, 'ifMatch'>, present: string | undefined): void {
  if (ifMatch === undefined) return;
  if (present === undefined) throw new ApiError('precondition_failed', 'it does not exist any more');
  if (ifMatch === '*' || ifMatch.includes(present)) return;
  throw new ApiError('precondition_failed', `its ETag is now W/"${present}"`);
}
