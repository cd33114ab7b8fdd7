import type { Response } from 'express';
import { type ProblemCode, problemDocument } from '../../api/problem-document.ts';

/** Answers with an error (RFC 9457); `more` are members of this kind of error besides the standard ones. */
export function sendProblem(response: Response, code: ProblemCode, detail?: string, more: object = {}): void {
  const document = { ...problemDocument(code, detail), ...more };
  response.status(document.status).type('application/problem+json').send(JSON.stringify(document));
}
