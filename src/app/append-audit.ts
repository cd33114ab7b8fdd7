import type { Logger } from 'pino';
import type { AuditStore, NewAuditEntry } from '../store/audit-store.ts';
import { StoreError } from '../store/store-error.ts';

/**
 * Records something in the audit that is done or refused already. Never rejects: faults of the store are told by its
 * health.
 */
export async function appendAudit(
  audit: Pick<AuditStore, 'appendAudit'>,
  log: Logger,
  entry: NewAuditEntry,
): Promise<void> {
  try {
    await audit.appendAudit([entry]);
  } catch (error) {
    if (!(error instanceof StoreError))
      log.error({ err: error }, 'an entry of the audit could not be stored');
  }
}
