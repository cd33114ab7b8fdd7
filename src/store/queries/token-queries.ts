import type { NewAuditEntry } from '../audit-store.ts';
import { decodeJson, encodeJson } from '../columns.ts';
import type { StoredToken, TokenStore, TokenUseTime } from '../token-store.ts';
import { insertAudit } from './audit-queries.ts';
import type { QueryRunner } from './query-runner.ts';

/** A token as JSON: times are text. */
type TokenRecord = Omit<StoredToken, 'id' | 'createdAt' | 'expiresAt' | 'lastUse'> & {
  readonly createdAt: string;
  readonly expiresAt?: string;
};

/** Tokens in either database. */
export class TokenQueries implements TokenStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async loadTokens(): Promise<StoredToken[]> {
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('tokens').selectAll().orderBy('id').execute(),
    );
    return rows.map(({ id, last_used_at: usedAt, last_used_from: address, record }) => ({
      ...fromRecord(id, decodeJson(record) as unknown as TokenRecord),
      ...(usedAt !== null && { lastUse: { at: new Date(time.decode(usedAt)), address: address ?? '' } }),
    }));
  }

  async putToken({ id, lastUse, ...token }: StoredToken, audit: NewAuditEntry): Promise<void> {
    const { time } = this.#runner;
    const row = {
      id,
      record: encodeJson(toRecord(token)),
      last_used_at: lastUse === undefined ? null : time.encode(lastUse.at.getTime()),
      last_used_from: lastUse?.address ?? null,
    };
    await this.#runner.write(async (tables) => {
      await tables.insertInto('tokens').values(row).execute();
      await insertAudit(tables, time, [audit]);
    });
  }

  async deleteToken(id: string, audit: NewAuditEntry): Promise<void> {
    await this.#runner.write(async (tables) => {
      await tables.deleteFrom('tokens').where('id', '=', id).execute();
      await insertAudit(tables, this.#runner.time, [audit]);
    });
  }

  async noteTokenUses(uses: ReadonlyMap<string, TokenUseTime>): Promise<void> {
    await this.#runner.write(async (tables) => {
      for (const [id, { address, at }] of uses) {
        await tables
          .updateTable('tokens')
          .set({ last_used_at: this.#runner.time.encode(at.getTime()), last_used_from: address })
          .where('id', '=', id)
          .execute();
      }
    });
  }
}

function toRecord({ createdAt, expiresAt, ...rest }: Omit<StoredToken, 'id' | 'lastUse'>): TokenRecord {
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    ...(expiresAt !== undefined && { expiresAt: expiresAt.toISOString() }),
  };
}

function fromRecord(id: string, { createdAt, expiresAt, ...rest }: TokenRecord): StoredToken {
  return {
    id,
    ...rest,
    createdAt: new Date(createdAt),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
  };
}
