import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

const VERSIONS = '/usr/lib/postgresql';
/** Twenty attempts per second. */
const BOOT_TRIES = 1_200;

/** The folder with initdb and postgres of the latest installed PostgreSQL; undefined if there is none. */
export function findPostgres(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  return readdirSync(VERSIONS)
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => path.join(VERSIONS, version, 'bin'))
    .find((folder) => existsSync(path.join(folder, 'initdb')));
}

/** Whether tests can use PostgreSQL. If it is not installed, this is printed, and in CI it is an error. */
export function canUsePostgres(): boolean {
  if (findPostgres() !== undefined) return true;
  const reason = `PostgreSQL is not installed below ${VERSIONS}: apt-get install postgresql`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`${reason}; its tests are left out`);
  return false;
}

/**
 * A PostgreSQL server for one test, in its own folder. It listens on 127.0.0.1 and on a Unix socket in its folder,
 * waits for the disk like one in production, and accepts `railhead` without a password.
 */
export class PostgresServer {
  readonly folder: string;
  readonly port: number;
  readonly #bin: string;
  #process: ChildProcess | undefined;
  #databases = 0;

  static async start(): Promise<PostgresServer> {
    const bin = findPostgres();
    if (bin === undefined) throw new Error('PostgreSQL is not installed');
    const server = new PostgresServer(bin, await freePort());
    server.#initialise();
    await server.boot();
    return server;
  }

  private constructor(bin: string, port: number) {
    this.#bin = bin;
    this.port = port;
    this.folder = mkdtempSync(path.join(tmpdir(), 'railhead-postgres-'));
  }

  /** The address of a new, empty database. */
  async createDatabase(): Promise<string> {
    const name = `railhead${++this.#databases}`;
    await this.query(this.url('postgres'), `create database ${name}`);
    return this.url(name);
  }

  url(database: string): string {
    return `postgres://railhead@127.0.0.1:${this.port}/${database}`;
  }

  /** The same database through the Unix socket, which can be reached from every network namespace. */
  socketUrl(url: string): string {
    const { pathname, username } = new URL(url);
    return `postgres://${username}@${pathname}?host=${encodeURIComponent(this.folder)}&port=${this.port}`;
  }

  async query(url: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Lets this user in with a password only. */
  async requirePassword(user: string): Promise<void> {
    const file = path.join(this.folder, 'data/pg_hba.conf');
    const lines = [`local all ${user} scram-sha-256`, `host all ${user} 127.0.0.1/32 scram-sha-256`];
    const rest = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !lines.includes(line));
    writeFileSync(file, [...lines, ...rest].join('\n'));
    await this.query(this.url('postgres'), 'select pg_reload_conf()');
    // The server reads its files again a moment later.
    const withoutPassword = this.url('postgres').replace('railhead@', `${user}@`);
    for (let tries = 0; tries < BOOT_TRIES; tries++) {
      try {
        await this.query(withoutPassword, 'select 1');
      } catch {
        return;
      }
      await new Promise((again) => setTimeout(again, 50));
    }
    throw new Error(`PostgreSQL lets ${user} in without a password`);
  }

  /** The statements that create the tables of the database, except the migrations' own. */
  schema(url: string): string {
    const args = ['--schema-only', '--no-owner', '--no-privileges', '--exclude-table=kysely_*', url];
    const dump = execFileSync(path.join(this.#bin, 'pg_dump'), args, { encoding: 'utf8' });
    const settings = /^(--|SET |SELECT pg_catalog|\\|$)/;
    return `${dump
      .split('\n')
      .filter((line) => !settings.test(line))
      .join('\n')}\n`;
  }

  /** Starts the server, and resolves when it accepts connections. */
  async boot(): Promise<void> {
    this.#process = this.#run('postgres', [
      ...['-D', path.join(this.folder, 'data'), '-k', this.folder, '-p', `${this.port}`],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=50', '-c', 'shared_buffers=32MB'],
      ...['-c', 'logging_collector=off', '-c', `log_line_prefix=%m `],
    ]);
    // After a crash it reads its log first, which takes long on a busy machine.
    for (let tries = 0; tries < BOOT_TRIES; tries++) {
      if (this.#process.exitCode !== null) break;
      try {
        await this.query(this.url('postgres'), 'select 1');
        return;
      } catch {
        await new Promise((again) => setTimeout(again, 50));
      }
    }
    throw new Error(`PostgreSQL does not start in ${this.folder}`);
  }

  /** Stops the server: at once, aborting everything (immediate), or by ending its sessions (fast). */
  async shutdown(mode: 'immediate' | 'fast'): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined || process.exitCode !== null) return;
    const ended = once(process, 'exit');
    process.kill(mode === 'immediate' ? 'SIGQUIT' : 'SIGINT');
    await ended;
  }

  async remove(): Promise<void> {
    await this.shutdown('immediate');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #initialise(): void {
    const data = path.join(this.folder, 'data');
    mkdirSync(data);
    chmodSync(this.folder, 0o755);
    const user = runAs();
    if (user !== undefined) {
      chownSync(data, user.uid, user.gid);
      chownSync(this.folder, user.uid, user.gid);
    }
    const args = ['-D', data, '-U', 'railhead', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(path.join(this.#bin, 'initdb'), args, { ...user, cwd: this.folder, stdio: 'pipe' });
  }

  #run(program: string, args: string[]): ChildProcess {
    return spawn(path.join(this.#bin, program), args, { ...runAs(), cwd: this.folder, stdio: 'ignore' });
  }
}

/** PostgreSQL refuses to run as root, so its own user runs it. */
function runAs(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
