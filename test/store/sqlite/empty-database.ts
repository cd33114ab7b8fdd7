import Database from 'better-sqlite3';

/** Empties all tables, as another process would. */
export function emptyDatabase(file: string): void {
  const database = new Database(file, { timeout: 5_000 });
  const tables = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely_%'")
    .pluck()
    .all() as string[];
  for (const table of tables.filter((name) => name !== 'transition_counter')) {
    database.exec(`delete from ${table}`);
  }
  database.exec('update transition_counter set last = 0');
  database.close();
}
