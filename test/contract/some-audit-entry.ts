import type { NewAuditEntry } from '../../src/store/audit-store.ts';

/** Something that somebody did. */
export function auditEntry(verb: string, target: string): NewAuditEntry {
  return {
    at: new Date('2026-11-26T09:00:00.456Z'),
    actor: 'token:netbox',
    verb,
    target,
    reason: 'a test',
    outcome: 'done',
    detail: { added: 1 },
  };
}
