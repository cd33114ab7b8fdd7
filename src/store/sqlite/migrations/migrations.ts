import type { Migrations } from '../../migrate.ts';
import { leasesMachinesEvents } from './0001-leases-machines-events.ts';
import { discoveredByTime } from './0002-discovered-by-time.ts';
import { machinesTransitionsCatalog } from './0003-machines-transitions-catalog.ts';
import { dnsRecords } from './0004-dns-records.ts';
import { storeOwner } from './0005-store-owner.ts';
import { storeProbe } from './0006-store-probe.ts';
import { discoveredTransitions } from './0007-discovered-transitions.ts';
import { livesAudit } from './0008-lives-audit.ts';
import { bootSessions } from './0009-boot-sessions.ts';
import { reports } from './0010-reports.ts';
import { localBoots } from './0011-local-boots.ts';
import { tokens } from './0012-tokens.ts';
import { auditOrigin } from './0013-audit-origin.ts';
import { inventories } from './0014-inventories.ts';
import { operations } from './0015-operations.ts';

/** Every migration of SQLite in its order; a released one is never changed, and new ones go to the end. */
export const SQLITE_MIGRATIONS: Migrations = {
  '0001-leases-machines-events': leasesMachinesEvents,
  '0002-discovered-by-time': discoveredByTime,
  '0003-machines-transitions-catalog': machinesTransitionsCatalog,
  '0004-dns-records': dnsRecords,
  '0005-store-owner': storeOwner,
  '0006-store-probe': storeProbe,
  '0007-discovered-transitions': discoveredTransitions,
  '0008-lives-audit': livesAudit,
  '0009-boot-sessions': bootSessions,
  '0010-reports': reports,
  '0011-local-boots': localBoots,
  '0012-tokens': tokens,
  '0013-audit-origin': auditOrigin,
  '0014-inventories': inventories,
  '0015-operations': operations,
};
