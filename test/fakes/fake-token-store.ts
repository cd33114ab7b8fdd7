import type { NewAuditEntry } from '../../src/store/audit-store.ts';
import type { StoredToken, TokenStore, TokenUseTime } from '../../src/store/token-store.ts';

/** Tokens in memory, with the audit of their changes. */
export class FakeTokenStore implements TokenStore {
  readonly tokens = new Map<string, StoredToken>();
  readonly audit: NewAuditEntry[] = [];
  /** Each call that noted last uses. */
  readonly uses: ReadonlyMap<string, TokenUseTime>[] = [];
  /** What every write rejects with, if it is set. */
  failure: Error | undefined;

  loadTokens(): Promise<StoredToken[]> {
    return Promise.resolve([...this.tokens.values()]);
  }

  async putToken(token: StoredToken, audit: NewAuditEntry): Promise<void> {
    await this.#fail();
    this.tokens.set(token.id, token);
    this.audit.push(audit);
  }

  async deleteToken(id: string, audit: NewAuditEntry): Promise<void> {
    await this.#fail();
    this.tokens.delete(id);
    this.audit.push(audit);
  }

  async noteTokenUses(uses: ReadonlyMap<string, TokenUseTime>): Promise<void> {
    await this.#fail();
    this.uses.push(uses);
  }

  #fail(): Promise<void> {
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }
}
