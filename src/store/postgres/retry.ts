import { describePostgresError, isPassing } from './postgres-errors.ts';

/** How long a call waits for a database that is being restarted, before it fails. */
const RETRY_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Repeats the work while the database cannot be reached. The final error is described, with `store` as the name of the
 * database.
 */
export async function retryPassing<T>(work: () => Promise<T>, store: string): Promise<T> {
  const deadlineMs = performance.now() + RETRY_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() + pauseMs > deadlineMs) {
        throw describePostgresError(error, store);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
