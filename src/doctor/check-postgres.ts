import type { PostgresState } from '../store/postgres/postgres-reader.ts';
import type { Finding } from './finding.ts';

const VERSION_MIN = 150_000;

/** Checks that the database of `store.url` answers, and that Railhead can use it. `name` is for messages. */
export async function checkPostgres(
  name: string,
  look: () => Promise<PostgresState>,
): Promise<readonly Finding[]> {
  const check = 'store';
  let state: PostgresState;
  try {
    state = await look();
  } catch (error) {
    return [
      {
        check,
        verdict: 'problem',
        text: error instanceof Error ? error.message : String(error),
        remedy: 'compare store.url and store.password_file with what psql needs to get into the database',
      },
    ];
  }
  return judge(name, state).map((finding) => ({ check, ...finding }));
}

function judge(
  name: string,
  { hasTables, inUse, mayCreate, owner, readOnly, version, versionNumber }: PostgresState,
): Omit<Finding, 'check'>[] {
  const server = `the database ${name} answers (PostgreSQL ${version})`;
  if (versionNumber < VERSION_MIN) {
    return [
      {
        verdict: 'problem',
        text: `${server}: Railhead needs version 15 or later`,
        remedy: 'upgrade PostgreSQL',
      },
    ];
  }
  if (readOnly) {
    return [
      {
        verdict: 'problem',
        text: `${server} and cannot be written: it is a standby, or read only; no new lease can be given`,
        remedy: 'name the primary in store.url, or promote this one',
      },
    ];
  }
  if (!mayCreate) {
    const text = `${server}, but the user of store.url may not create tables in it`;
    return [
      {
        verdict: 'problem',
        text,
        remedy: 'make that user the owner of the database: alter database DATABASE owner to USER',
      },
    ];
  }
  if (!hasTables) {
    return [{ verdict: 'ok', text: `${server} and is empty; the server makes its tables when it starts` }];
  }
  if (owner === undefined) return [{ verdict: 'ok', text: server }];
  return [
    inUse
      ? { verdict: 'ok', text: `${server}, and is in use by ${owner.described}` }
      : {
          verdict: 'warning',
          text: `${server}, and no Railhead has it open now; the last was ${owner.described}`,
          remedy: 'nothing to do if the server is stopped; if it runs, see its log',
        },
  ];
}
