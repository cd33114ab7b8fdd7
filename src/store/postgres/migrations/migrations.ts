import type { Migrations } from '../../migrate.ts';
import { allTables } from './0001-all-tables.ts';
import { storeProbe } from './0002-store-probe.ts';
import { discoveredTransitions } from './0003-discovered-transitions.ts';
import { livesAudit } from './0004-lives-audit.ts';
import { bootSessions } from './0005-boot-sessions.ts';
import { reports } from './0006-reports.ts';
import { localBoots } from './0007-local-boots.ts';
import { tokens } from './0008-tokens.ts';
import { auditOrigin } from './0009-audit-origin.ts';
import { inventories } from './0010-inventories.ts';
import { operations } from './0011-operations.ts';

/** Every migration of PostgreSQL in its order; a released one is never changed, and new ones go to the end. */
export const POSTGRES_MIGRATIONS: Migrations = {
  '0001-all-tables': allTables,
  '0002-store-probe': storeProbe,
  '0003-discovered-transitions': discoveredTransitions,
  '0004-lives-audit': livesAudit,
  '0005-boot-sessions': bootSessions,
  '0006-reports': reports,
  '0007-local-boots': localBoots,
  '0008-tokens': tokens,
  '0009-audit-origin': auditOrigin,
  '0010-inventories': inventories,
  '0011-operations': operations,
};
