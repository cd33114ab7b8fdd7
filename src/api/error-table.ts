interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  /** What the reader of the error can do. */
  readonly remedy: string;
}

/**
 * Every error of the REST API: code, status, title and what to do, side by side (RFC 9457). Codes are stable; titles may
 * change.
 */
export const ERROR_TABLE = {
  bad_query: {
    status: 400,
    title: 'The query is not valid',
    remedy: 'Correct the parameters that the detail names.',
  },
  bad_parameter: {
    status: 400,
    title: 'A part of the path is not valid',
    remedy: 'Correct the part of the path that the detail names.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not JSON',
    remedy: 'Send a body that a JSON parser accepts.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    remedy: 'Correct the fields that `errors` names; `/api/v1/openapi.json` has the schema.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid token is required',
    remedy:
      'Send `Authorization: Bearer TOKEN` with a token that `railhead tokens create` has made, or with that of the file `operator.token`.',
  },
  forbidden: {
    status: 403,
    title: 'This is not permitted',
    remedy: 'Use a token whose role has the permission that the detail names.',
  },
  csrf_token_required: {
    status: 403,
    title: 'This request of a browser does not show that its page may change something',
    remedy: 'Send the `csrf_token` of `GET /me` in the header X-CSRF-Token.',
  },
  foreign_origin: {
    status: 403,
    title: 'The Host or Origin header of this request is not allowed',
    remedy: 'Add the name by which clients reach this server to `operator.hosts`.',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    remedy: 'List the collection to see what there is.',
  },
  no_such_path: {
    status: 404,
    title: 'There is nothing at this path',
    remedy: 'See `/api/v1/openapi.json` for the paths.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This method is not supported at this path',
    remedy: 'Use one of the methods in the Allow header.',
  },
  not_acceptable: {
    status: 406,
    title: 'The answer is in a format that the Accept header excludes',
    remedy: 'Accept the format that the detail names.',
  },
  invalid_transition: {
    status: 409,
    title: 'This is not possible in the state of the machine',
    remedy: 'The detail says why; `allowed` names what is possible now.',
  },
  already_exists: {
    status: 409,
    title: 'There is one of this id already',
    remedy: 'Replace or patch it, or use another id.',
  },
  identity_conflict: {
    status: 409,
    title: 'Another machine has this identifier or address',
    remedy: 'Remove it from the other machine first; the detail names it.',
  },
  machine_locked: {
    status: 409,
    title: 'The machine is locked',
    remedy: 'Unlock it first, if that is permitted.',
  },
  managed_by_files: {
    status: 409,
    title: 'A file defines this',
    remedy: 'Change the file; what files define cannot be changed over the API.',
  },
  managed_by_inventory: {
    status: 409,
    title: 'An inventory defines this',
    remedy: 'Change it in the inventory system that the detail names.',
  },
  too_many_removals: {
    status: 409,
    title: 'This would remove many machines',
    remedy: 'If that is meant, send it again with the number that the detail names.',
  },
  operation_changed: {
    status: 409,
    title: 'Machines have changed since the preview',
    remedy: 'Look at the operation again, and apply it with its new digest.',
  },
  operation_not_previewed: {
    status: 409,
    title: 'The operation has been started before, or was cancelled',
    remedy: 'Preview it again.',
  },
  not_confirmed: {
    status: 409,
    title: 'The number of machines is not confirmed',
    remedy: 'Send the number that the detail names as `confirm`.',
  },
  name_taken: {
    status: 409,
    title: 'Something else has this name',
    remedy: 'Choose another name, or remove what has it.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'A request with this Idempotency-Key is still being carried out',
    remedy: 'Send the same request again in a second; it will get the answer of the first.',
  },
  not_rendered: {
    status: 409,
    title: 'This machine waits, and is given nothing',
    remedy: 'Correct what the detail names.',
  },
  precondition_failed: {
    status: 412,
    title: 'Somebody else has changed this since it was read',
    remedy: 'Read it again, apply the change to what is there now, and send the new ETag.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send less; the detail names the limit.',
  },
  too_many_machines: {
    status: 413,
    title: 'These are too many machines for one operation',
    remedy: 'Choose fewer by the filter.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is in a format that is not understood here',
    remedy: 'Send the format that the detail names in the Content-Type header.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    remedy: 'Use a new key for a new request.',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many attempts to sign in',
    remedy: 'Wait a minute, and check the token.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many event streams are open',
    remedy: 'Close streams that nobody reads; one stream can follow everything.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    remedy: 'See the log of the server; it has the request id.',
  },
  catalog_missing: {
    status: 503,
    title: 'No catalog serves',
    remedy: '`GET /catalog` says why.',
  },
  not_stored: {
    status: 503,
    title: 'The change could not be saved to the database',
    remedy: 'See the log of the server, repair the database, and try again.',
  },
} as const satisfies Readonly<Record<string, ErrorDefinition>>;

/** Stable identifiers of errors, for programs. */
export type ErrorCode = keyof typeof ERROR_TABLE;
