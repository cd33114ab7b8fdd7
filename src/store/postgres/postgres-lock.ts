import type { Kysely } from 'kysely';
import pg from 'pg';
import { describeOwner, type StoreOwner } from '../owner.ts';
import { findOwner, signOwner } from '../queries/owner-queries.ts';
import type { StoreTables } from '../tables.ts';
import { isPassing } from './postgres-errors.ts';
import { POSTGRES_TIME } from './postgres-time.ts';

/** The number of our advisory lock: "rail" in ASCII. Locks are per database. */
export const LOCK_KEY = 0x7261696c;
/** The lock of a killed process is released when the server notices its end, which can take a moment. */
const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 200;
const RECONNECT_MS = 1_000;

/** What the lock depends on. */
export interface PostgresLockParts {
  readonly config: pg.ClientConfig;
  readonly tables: Kysely<StoreTables>;
  /** Identifies this process among all that ever had the lock. */
  readonly owner: string;
  readonly process: StoreOwner;
  /** Another Railhead has the database. Called once; no further attempts are made after it. */
  readonly onTaken: (other: string) => void;
}

/** Another process has the lock. */
export class LockHeld extends Error {
  /** The process that has it, if that is known. */
  readonly holder: string;

  constructor(holder: string) {
    super(`it is in use by ${holder}; stop that one, or give this one a database of its own`);
    this.holder = holder;
  }
}

/**
 * An advisory lock in a separate session, which no statement of the store can delay or end. If the session breaks, the
 * lock is taken again; if another Railhead had it meanwhile, that is reported.
 */
export class PostgresLock {
  readonly #parts: PostgresLockParts;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: PostgresLockParts) {
    this.#parts = parts;
  }

  /** Takes the lock for the first time. Rejects with LockHeld, or if the database cannot be reached. */
  async acquire(): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!(await this.#try())) {
      if (performance.now() > deadlineMs) throw new LockHeld(await this.#holder());
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  /** Records who has the lock. Needs the tables. */
  sign(): Promise<void> {
    const { owner, process, tables } = this.#parts;
    return signOwner(tables, POSTGRES_TIME, { owner, ...process });
  }

  /** Ends the session, and with it the lock. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#disconnect();
  }

  async #try(): Promise<boolean> {
    const client = this.#client ?? (await this.#connect());
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      LOCK_KEY,
    ]);
    return rows[0]?.locked === true;
  }

  async #connect(): Promise<pg.Client> {
    const { config, process } = this.#parts;
    const client = new pg.Client({ ...config, application_name: `railhead ${process.host} ${process.pid}` });
    client.on('error', () => undefined);
    client.once('end', () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#takeAgainLater();
    });
    await client.connect();
    this.#client = client;
    // A host without power must not keep the lock for two hours, which is the default timeout of TCP keepalive.
    for (const [name, seconds] of [
      ['tcp_keepalives_idle', 10],
      ['tcp_keepalives_interval', 5],
      ['tcp_keepalives_count', 3],
    ] as const) {
      await client.query(`set ${name} = ${seconds}`);
    }
    return client;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  #takeAgainLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#takeAgain(), RECONNECT_MS).unref();
  }

  async #takeAgain(): Promise<void> {
    try {
      const locked = await this.#try();
      const signed = await findOwner(this.#parts.tables, POSTGRES_TIME);
      if (signed?.owner !== this.#parts.owner) {
        this.#closed = true;
        const holder = signed === undefined ? 'another Railhead' : describeOwner(signed);
        await this.#disconnect();
        this.#parts.onTaken(holder);
        return;
      }
      // Our own previous session may not have ended yet.
      if (!locked) this.#takeAgainLater();
    } catch (error) {
      if (isPassing(error)) await this.#disconnect();
      this.#takeAgainLater();
    }
  }

  /** The process that has the lock: as recorded in the tables, or else the session as PostgreSQL shows it. */
  async #holder(): Promise<string> {
    try {
      const signed = await findOwner(this.#parts.tables, POSTGRES_TIME);
      if (signed !== undefined) return describeOwner(signed);
    } catch {
      // The tables do not exist yet.
    }
    const result = await this.#client?.query<{ pid: number; application_name: string; backend_start: Date }>(
      `select a.pid, a.application_name, a.backend_start from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory' and l.granted and l.objid = $1
         and l.database = (select oid from pg_database where datname = current_database())`,
      [LOCK_KEY],
    );
    const [session] = result?.rows ?? [];
    if (session === undefined) return 'another process';
    return `${session.application_name} (PostgreSQL session ${session.pid}, since ${session.backend_start.toISOString()})`;
  }
}
