import type { ErrorCode } from '../../api/error-table.ts';
import type { ProblemMembers } from '../../api/problem-document.ts';

/** Thrown by a handler to answer with an error of the table. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly members: ProblemMembers;
  /** Whether the audit has it already. */
  readonly isAudited: boolean;

  /** `detail` is a sentence for people: what is wrong with this request. */
  constructor(code: ErrorCode, detail: string, members: ProblemMembers = {}, isAudited = false) {
    super(detail);
    this.code = code;
    this.members = members;
    this.isAudited = isAudited;
  }
}
