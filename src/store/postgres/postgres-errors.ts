import { errorCode, StoreError } from '../store-error.ts';

/** The connection is broken, or the server accepts no statements at the moment: the work can be tried again. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['EAI_AGAIN', 'ENOENT', 'ENOTCONN'],
  // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, read_only_sql_transaction.
  ...['57P01', '57P02', '57P03', '53300', '25006'],
  // serialization_failure, deadlock_detected.
  ...['40001', '40P01'],
]);

/** Errors of `pg` itself, which have no code. */
const PASSING_MESSAGE = /connection terminated|connection ended|not queryable|timeout/i;

/**
 * Whether a statement failed because of the connection or the server's state, and not because of the statement itself.
 */
export function isPassing(error: unknown): boolean {
  const code = errorCode(error);
  // Class 08 is connection_exception.
  if (PASSING_CODES.has(code) || code.startsWith('08')) return true;
  return code === '' && error instanceof Error && PASSING_MESSAGE.test(error.message);
}

/** Describes an error of the database or its host; any other error is returned unchanged. */
export function describePostgresError(error: unknown, store: string): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  if (error instanceof StoreError) return error;
  if (code === '53100') {
    return new StoreError(
      'full',
      `the disk of the database ${store} is full: make room on it; until then nothing is stored and no new lease is given`,
    );
  }
  // data_corrupted, index_corrupted, and io_error.
  if (code.startsWith('XX00') && code !== 'XX000') {
    return new StoreError('damaged', `the database ${store} is damaged (${message}): restore a backup`);
  }
  if (code === '58030') {
    return new StoreError('disk', `the disk of the database ${store} reports errors: ${message}`);
  }
  if (isPassing(error)) {
    return new StoreError(
      'unreachable',
      `the database ${store} does not answer (${message}): check that PostgreSQL runs and can be reached; Railhead continues as soon as it does`,
    );
  }
  return error;
}
