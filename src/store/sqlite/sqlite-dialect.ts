import type Database from 'better-sqlite3';
import { type DatabaseConnection, type Driver, SqliteDialect, SqliteDriver } from 'kysely';

/**
 * Kysely's dialect with one difference: if the disk is full, SQLite itself rolls the transaction back. Kysely's own
 * rollback then fails, and its error would be reported instead of the original one.
 */
export class RolledBackSqliteDialect extends SqliteDialect {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): Driver {
    return new RolledBackSqliteDriver(this.#database);
  }
}

class RolledBackSqliteDriver extends SqliteDriver {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    super({ database });
    this.#database = database;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}
