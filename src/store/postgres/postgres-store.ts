import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { LeaseChange } from '../../provision/dhcp/leases/lease.ts';
import type { AppendOptions, EventStore, NewBootEvent } from '../event-store.ts';
import { migrateToLatest } from '../migrate.ts';
import { thisProcess } from '../owner.ts';
import { AuditQueries } from '../queries/audit-queries.ts';
import { LifeQueries } from '../queries/life-queries.ts';
import { BootSessionQueries } from '../queries/boot-session-queries.ts';
import { CatalogPartQueries } from '../queries/catalog-part-queries.ts';
import { DiscoveredMachineQueries } from '../queries/discovered-machine-queries.ts';
import { DnsRecordQueries } from '../queries/dns-record-queries.ts';
import { LocalBootQueries } from '../queries/local-boot-queries.ts';
import { EventQueries } from '../queries/event-queries.ts';
import { loadLeases } from '../queries/lease-queries.ts';
import { InventoryQueries } from '../queries/inventory-queries.ts';
import { MachineQueries } from '../queries/machine-queries.ts';
import { OperationQueries } from '../queries/operation-queries.ts';
import { ProbeQueries } from '../queries/probe-queries.ts';
import { ReportQueries } from '../queries/report-queries.ts';
import { eventToRow } from '../queries/rows.ts';
import { TokenQueries } from '../queries/token-queries.ts';
import { TransitionQueries } from '../queries/transition-queries.ts';
import type { Aggregate } from '../store-calls.ts';
import type { StoreError } from '../store-error.ts';
import type { DatabaseStore } from '../store.ts';
import type { StoreTables } from '../tables.ts';
import { FencedRunner } from './fenced-runner.ts';
import { leaseStatement } from './lease-statement.ts';
import { POSTGRES_MIGRATIONS } from './migrations/migrations.ts';
import {
  clientConfig,
  connectPostgres,
  type PostgresConnections,
  postgresName,
  type PostgresSettings,
} from './postgres-connection.ts';
import { describePostgresError } from './postgres-errors.ts';
import { PostgresLock } from './postgres-lock.ts';
import { POSTGRES_TIME } from './postgres-time.ts';
import { type FenceMove, FenceMoved, takenError, WriteFence } from './write-fence.ts';

/**
 * Opens the store on PostgreSQL 15 or later: takes the lock that makes this process the only one, and migrates the
 * database. Rejects with an Error that names the database and says what to do.
 */
export async function openPostgresStore(settings: PostgresSettings): Promise<DatabaseStore> {
  const name = postgresName(settings.url);
  const owner = randomUUID();
  let taken: StoreError | undefined;
  const connections = connectPostgres(settings);
  const lock = new PostgresLock({
    config: clientConfig(settings),
    tables: connections.tables,
    owner,
    process: thisProcess(new Date()),
    onTaken: (other) => (taken = takenError(name, other)),
  });
  try {
    await lock.acquire();
    await migrateToLatest(connections.tables as Kysely<unknown>, POSTGRES_MIGRATIONS);
    await lock.sign();
    const runners = await takeOver(connections.tables, owner, name, () => taken);
    return onConnections(connections, lock, runners);
  } catch (error) {
    await lock.close();
    await connections.pool.end();
    const described = describePostgresError(error, name);
    throw new Error(`open the store ${name}: ${described instanceof Error ? described.message : name}`, {
      cause: error,
    });
  }
}

/**
 * Machines, inventories, discovered machines, lives, the audit, tokens, operations, their reports and their transitions are written in
 * the same transactions, so they share one runner.
 */
type Runners = Readonly<
  Record<
    Exclude<
      Aggregate,
      'discovered' | 'inventories' | 'transitions' | 'lives' | 'audit' | 'reports' | 'tokens' | 'operations'
    >,
    FencedRunner
  >
>;

/** One runner for each aggregate, so that leases wait only for leases. */
async function takeOver(
  tables: Kysely<StoreTables>,
  owner: string,
  name: string,
  refusal: () => StoreError | undefined,
): Promise<Runners> {
  const make = async (aggregate: Aggregate): Promise<FencedRunner> => {
    const fence = new WriteFence(tables, aggregate, owner, name);
    await fence.takeOver();
    return new FencedRunner(tables, fence, refusal);
  };
  return {
    leases: await make('leases'),
    events: await make('events'),
    machines: await make('machines'),
    catalogParts: await make('catalogParts'),
    upkeep: await make('upkeep'),
    sessions: await make('sessions'),
    localBoots: await make('localBoots'),
    dnsRecords: await make('dnsRecords'),
  };
}

function onConnections(
  connections: PostgresConnections,
  lock: PostgresLock,
  runners: Runners,
): DatabaseStore {
  return {
    leases: {
      loadLeases: () => loadLeases(runners.leases),
      commitLeases: async (changes) => {
        if (changes.length > 0) await runners.leases.writeOnce((move) => commit(connections, changes, move));
      },
    },
    discovered: new DiscoveredMachineQueries(runners.machines),
    events: new PostgresEvents(runners.events),
    machines: new MachineQueries(runners.machines),
    inventories: new InventoryQueries(runners.machines),
    transitions: new TransitionQueries(runners.machines),
    catalogParts: new CatalogPartQueries(runners.catalogParts),
    upkeep: new ProbeQueries(runners.upkeep, sql`truncate store_probe`),
    lives: new LifeQueries(runners.machines),
    audit: new AuditQueries(runners.machines),
    sessions: new BootSessionQueries(runners.sessions),
    localBoots: new LocalBootQueries(runners.localBoots),
    tokens: new TokenQueries(runners.machines),
    operations: new OperationQueries(runners.machines),
    reports: new ReportQueries(runners.machines),
    dnsRecords: new DnsRecordQueries(runners.dnsRecords),
    close: async () => {
      await Promise.all(Object.values(runners).map((runner) => runner.idle()));
      await connections.tables.destroy();
      await lock.close();
    },
  };
}

async function commit(
  { pool }: PostgresConnections,
  changes: readonly LeaseChange[],
  move: FenceMove,
): Promise<void> {
  const { rowCount } = await pool.query(leaseStatement(changes, move));
  if (rowCount === 0) throw new FenceMoved();
}

class PostgresEvents extends EventQueries implements EventStore {
  async appendEvents(events: readonly NewBootEvent[], options: AppendOptions = {}): Promise<void> {
    if (events.length === 0) return;
    await this.runner.write(async (tables) => {
      // Boot events are history, and no reply depends on them: a crash of the database may lose the last ones.
      if (options.synced !== true) await sql`set local synchronous_commit = off`.execute(tables);
      await tables
        .insertInto('boot_events')
        .values(events.map((event) => eventToRow(event, POSTGRES_TIME)))
        .execute();
    });
  }
}
