import { DEFAULT_MIGRATION_TABLE, type Kysely, type Migration, Migrator, sql } from 'kysely';

/** Migrations by name, in order. */
export type Migrations = Readonly<Record<string, Migration>>;

/**
 * Brings the tables up to date. Throws if a migration fails, which leaves the tables as they were, or if the database
 * was written by a newer Railhead, whose tables this version does not know.
 */
export async function migrateToLatest(db: Kysely<unknown>, migrations: Migrations): Promise<void> {
  const unknown = (await findApplied(db)).filter((name) => !(name in migrations));
  if (unknown.length > 0) {
    throw new Error(
      `a newer version of Railhead wrote it (migration ${unknown.join(', ')}); run that version, or name another file`,
    );
  }
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  throw new Error(`migration ${failed ?? 'of its tables'} failed`, { cause: error });
}

async function findApplied(db: Kysely<unknown>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === DEFAULT_MIGRATION_TABLE)) return [];
  const { rows } = await sql<{
    name: string;
  }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db);
  return rows.map((row) => row.name);
}
