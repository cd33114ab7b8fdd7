import type { Logger } from 'pino';
import { type Role, ROLES } from '../api/permissions.ts';
import { type Actor, originOf } from '../control/actor.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { StoredToken, TokenStore, TokenUseTime } from '../store/token-store.ts';
import { isInNetworks } from './allowed-networks.ts';
import {
  equalHashes,
  hashSecret,
  newToken,
  parseTokenText,
  type RandomBytes,
  type TokenParts,
} from './token-text.ts';

/** What the tokens depend on. */
export interface AccessTokensParts {
  readonly store: TokenStore;
  readonly pepper: Uint8Array;
  readonly randomBytes: RandomBytes;
  readonly log: Logger;
  readonly now: () => Date;
}

/** A token as somebody asks for it. */
export interface TokenRequest {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: Date | undefined;
  readonly networks: readonly string[];
  readonly inventories?: readonly string[] | undefined;
}

/** Whose token it is, or why it is not accepted. */
export type TokenVerdict =
  | { readonly kind: 'known'; readonly actor: Actor; readonly token: StoredToken }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'expired'; readonly token: StoredToken }
  | { readonly kind: 'wrong_network'; readonly token: StoredToken };

/** A name that is taken. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

/** The last use of a token is stored at most this often. */
const USE_EVERY_MS = 60_000;
/** Tokens in all: each is looked at when a list is made, and people delete those that nobody uses. */
const TOKENS_MAX = 10_000;

/**
 * The tokens of the operator plane, in memory and in the store: a request needs no database to be recognised. Their
 * texts are known to their owners only.
 */
export class AccessTokens {
  readonly #parts: AccessTokensParts;
  readonly #tokens = new Map<string, StoredToken>();
  readonly #uses = new Map<string, TokenUseTime>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(parts: AccessTokensParts) {
    this.#parts = parts;
  }

  static async load(parts: AccessTokensParts): Promise<AccessTokens> {
    const tokens = new AccessTokens(parts);
    for (const token of await parts.store.loadTokens()) tokens.#tokens.set(token.id, token);
    return tokens;
  }

  /** Starts to store the last uses of tokens from time to time. */
  start(): void {
    this.#timer = setInterval(() => void this.#storeUses(), USE_EVERY_MS).unref();
  }

  /** Resolves when the last uses are stored, or could not be. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#storeUses();
  }

  /** Whose token this text is. `address` is where the request came from. */
  authenticate(text: string, address: string): TokenVerdict {
    const parts = parseTokenText(text);
    const token = parts && this.#tokens.get(parts.id);
    if (parts === undefined || token === undefined || !this.#isOf(token, parts)) return { kind: 'unknown' };
    return this.admit(token.id, address);
  }

  /** The same for somebody who has shown the token before. */
  admit(id: string, address: string): TokenVerdict {
    const token = this.#tokens.get(id);
    if (token === undefined) return { kind: 'unknown' };
    const now = this.#parts.now();
    if (token.expiresAt !== undefined && token.expiresAt <= now) return { kind: 'expired', token };
    if (token.networks.length > 0 && !isInNetworks(address, token.networks)) {
      return { kind: 'wrong_network', token };
    }
    this.#noteUse(token, { at: now, address });
    return { kind: 'known', token, actor: actorOf(token, address) };
  }

  /** All tokens by name. */
  list(): StoredToken[] {
    return [...this.#tokens.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A token by its id or name. */
  find(idOrName: string): StoredToken | undefined {
    return this.#tokens.get(idOrName) ?? [...this.#tokens.values()].find(({ name }) => name === idOrName);
  }

  /**
   * Makes a token, and returns its text, which is known nowhere else. Rejects with NameTaken, and with StoreError if it
   * could not be stored.
   */
  async create(
    request: TokenRequest,
    by: Actor,
  ): Promise<{ readonly token: StoredToken; readonly text: string }> {
    if (this.find(request.name) !== undefined) {
      throw new NameTaken(
        `there is a token of the name ${request.name}; revoke it first, or choose another name`,
      );
    }
    if (this.#tokens.size >= TOKENS_MAX) {
      throw new NameTaken(
        `there are ${TOKENS_MAX} tokens, which is the limit; revoke those that nobody uses`,
      );
    }
    const { id, secret, text } = newToken(this.#parts.randomBytes);
    const { expiresAt, inventories, name, networks, role } = request;
    const token: StoredToken = {
      id,
      name,
      role,
      hash: hashSecret(secret, this.#parts.pepper),
      createdAt: this.#parts.now(),
      createdBy: by.name,
      networks,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(inventories !== undefined && { inventories }),
    };
    // Nobody else may take the name while it is written.
    this.#tokens.set(id, { ...token, expiresAt: token.createdAt });
    try {
      await this.#parts.store.putToken(token, this.#note('create_token', token, by));
    } catch (error) {
      this.#tokens.delete(id);
      throw error;
    }
    this.#tokens.set(id, token);
    return { token, text };
  }

  /**
   * Revokes a token at once. False if there is none. Rejects with StoreError if it could not be stored: then it is
   * revoked until the next start, and not longer.
   */
  async revoke(idOrName: string, by: Actor, reason: string): Promise<boolean> {
    const token = this.find(idOrName);
    if (token === undefined) return false;
    this.#tokens.delete(token.id);
    this.#uses.delete(token.id);
    await this.#parts.store.deleteToken(token.id, { ...this.#note('revoke_token', token, by), reason });
    return true;
  }

  #isOf({ hash }: StoredToken, { secret }: TokenParts): boolean {
    return equalHashes(hashSecret(secret, this.#parts.pepper), hash);
  }

  #noteUse(token: StoredToken, use: TokenUseTime): void {
    const { lastUse } = token;
    if (
      lastUse !== undefined &&
      lastUse.address === use.address &&
      use.at.getTime() - lastUse.at.getTime() < USE_EVERY_MS
    )
      return;
    this.#tokens.set(token.id, { ...token, lastUse: use });
    this.#uses.set(token.id, use);
  }

  async #storeUses(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = new Map(this.#uses);
    this.#uses.clear();
    try {
      await this.#parts.store.noteTokenUses(uses);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        this.#parts.log.error({ err: error }, 'the last uses of tokens could not be stored');
      }
    }
  }

  #note(
    verb: string,
    { expiresAt, id, inventories, name, networks, role }: StoredToken,
    by: Actor,
  ): NewAuditEntry {
    const detail: JsonObject = {
      name,
      role,
      networks: [...networks],
      ...(expiresAt !== undefined && { expires_at: expiresAt.toISOString() }),
      ...(inventories !== undefined && { inventories: [...inventories] }),
    };
    return {
      at: this.#parts.now(),
      ...originOf(by),
      verb,
      target: `token:${id}`,
      reason: '',
      outcome: 'done',
      detail,
    };
  }
}

function actorOf({ inventories, name, role }: StoredToken, address: string): Actor {
  return {
    name: `token:${name}`,
    // A role of a later version permits nothing here.
    permissions: new Set(ROLES[role as Role] ?? []),
    ...(inventories !== undefined && { inventories: new Set(inventories) }),
    address,
  };
}
