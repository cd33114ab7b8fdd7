import type { Response } from 'express';
import type { ErrorCode } from '../../api/error-table.ts';
import { problemDocument, type ProblemMembers } from '../../api/problem-document.ts';

/** Answers with an error (RFC 9457). */
export function sendProblem(
  response: Response,
  code: ErrorCode,
  detail?: string,
  members?: ProblemMembers,
): void {
  const document = problemDocument(code, detail, members);
  response.status(document.status).type('application/problem+json').send(JSON.stringify(document));
}
