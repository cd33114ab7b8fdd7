/**
 * Why a store does not work:
 * - full: its disk has no space;
 * - unreachable: the database does not answer, or is read-only at the moment;
 * - damaged: the database can no longer be read;
 * - disk: the disk reports errors;
 * - taken: another Railhead has taken over the database, so that this one must not write to it again.
 */
export type StoreFailure = 'full' | 'unreachable' | 'damaged' | 'disk' | 'taken';

/**
 * The store cannot do its work, and the program is not the cause. The message names the store, says what is wrong and
 * what to do, so there is no stack or cause that a log would print. StoreHealth logs it, so its callers need not.
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
