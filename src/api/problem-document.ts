/** Errors of the REST API: code, status and title side by side (RFC 9457). */
const ERRORS = {
  not_found: { status: 404, title: 'Nothing was found at this path' },
  method_not_allowed: { status: 405, title: 'This method is not supported at this path' },
  bad_query: { status: 400, title: 'The query is not valid' },
  bad_address: { status: 400, title: 'This is not an IPv4 address' },
  invalid_request: { status: 400, title: 'The request is not valid' },
  forbidden: { status: 403, title: 'This is not permitted' },
  invalid_transition: { status: 409, title: 'This is not possible in the state of the machine' },
  unauthorized: { status: 401, title: 'A valid bearer token is required' },
  foreign_origin: { status: 403, title: 'The Host or Origin header of this request is not allowed' },
  not_stored: {
    status: 503,
    title: 'The change could not be saved to the database; see the log of the server',
  },
  internal: { status: 500, title: 'Internal error; see the log of the server' },
} as const;

/** Stable identifiers of errors, for programs. */
export type ProblemCode = keyof typeof ERRORS;

/** The body of an error, as `application/problem+json`. */
export interface ProblemDocument {
  readonly type: string;
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
}

/** The error with this code. */
export function problemDocument(code: ProblemCode, detail?: string): ProblemDocument {
  const { status, title } = ERRORS[code];
  return { type: 'about:blank', code, status, title, ...(detail !== undefined && { detail }) };
}
