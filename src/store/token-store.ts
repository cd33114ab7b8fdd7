import type { NewAuditEntry } from './audit-store.ts';

/** A token for the operator plane, without its secret. */
export interface StoredToken {
  /** The public part of the token's text, by which it is found. */
  readonly id: string;
  /** Whose it is, as the audit shows it. Only one token has it at a time. */
  readonly name: string;
  readonly role: string;
  /** HMAC-SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** Absent: it does not expire. */
  readonly expiresAt?: Date;
  /** Networks in CIDR form that it may be used from; empty: from anywhere. */
  readonly networks: readonly string[];
  /** The inventories that it may replace; absent: all, if its role permits it. */
  readonly inventories?: readonly string[];
  readonly lastUse?: TokenUseTime;
}

/** When a token was last used, and from which address. */
export interface TokenUseTime {
  readonly at: Date;
  readonly address: string;
}

/** Stores tokens. */
export interface TokenStore {
  /** All tokens by id. */
  loadTokens(): Promise<StoredToken[]>;
  /** Adds a token, together with its audit entry. Resolves once both are durable. */
  putToken(token: StoredToken, audit: NewAuditEntry): Promise<void>;
  /** Deletes a token, together with its audit entry; one that is not there is no error. */
  deleteToken(id: string, audit: NewAuditEntry): Promise<void>;
  /** Notes when tokens were last used. One that was deleted meanwhile is left out. */
  noteTokenUses(uses: ReadonlyMap<string, TokenUseTime>): Promise<void>;
}
