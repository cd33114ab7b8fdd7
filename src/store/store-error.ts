/**
 * What keeps a store from working:
 * - full: its disk has no room;
 * - unreachable: the database does not answer, or is only read at the moment;
 * - damaged: the database cannot be read any more;
 * - disk: the disk reports errors;
 * - taken: another Railhead has taken over the database, so that this one must not write to it again.
 */
export type StoreFailure = 'full' | 'unreachable' | 'damaged' | 'disk' | 'taken';

/**
 * The store cannot do its work, which is no fault of the program. The message names the store, says what is wrong and
 * what to do, so that it has neither a stack nor a cause for a log to print. StoreHealth logs it, and others need not.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure, message: string) {
    super(message);
    this.failure = failure;
    this.stack = `StoreError: ${message}`;
  }
}

/** The code of an error of Node.js or of a database driver. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
