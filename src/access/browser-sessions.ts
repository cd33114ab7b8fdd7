import { createHash } from 'node:crypto';
import type { Actor } from '../control/actor.ts';
import type { RandomBytes } from './token-text.ts';

/** By what somebody has signed in: a token, the token of the file, or a provider of OpenID Connect. */
export type SignInBy =
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'file'; readonly digest: string }
  | { readonly kind: 'oidc'; readonly actor: Actor; readonly expiresAtMs: number };

/** What sessions depend on. */
export interface BrowserSessionsParts {
  /** Who that is now; undefined if it is not accepted any more, as a token that was revoked. */
  readonly admit: (by: SignInBy, address: string) => Actor | undefined;
  readonly randomBytes: RandomBytes;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** A session that was just opened. */
export interface OpenedSession {
  /** For the cookie; it is known nowhere else. */
  readonly secret: string;
  /** What a page sends with everything that changes something, to show that it may read our answers. */
  readonly csrfToken: string;
  readonly maxAgeSeconds: number;
}

/** Who uses a session. */
export interface SessionUser {
  readonly actor: Actor;
  /** Names the session for `close`. */
  readonly id: string;
  readonly csrfToken: string;
  readonly expiresAtMs: number;
}

interface Session {
  readonly by: SignInBy;
  readonly csrfToken: string;
  readonly openedAtMs: number;
  usedAtMs: number;
}

const HOUR_MS = 3_600_000;
/** A working day: whoever does nothing for so long signs in again. */
const IDLE_MS = 8 * HOUR_MS;
/** Even a page that is always open asks once a week. */
const LIFETIME_MS = 7 * 24 * HOUR_MS;
/** Beyond it, the session that was not used for the longest time ends. */
const SESSIONS_MAX = 1_000;
const SECRET_BYTES = 32;

/**
 * The sessions of browsers. They are in memory: after a restart people sign in again. Each belongs to what its owner
 * signed in by, and ends with it.
 */
export class BrowserSessions {
  readonly #parts: BrowserSessionsParts;
  /** By the hash of the secret, the one that was used last at the end. */
  readonly #sessions = new Map<string, Session>();

  constructor(parts: BrowserSessionsParts) {
    this.#parts = parts;
  }

  open(by: SignInBy): OpenedSession {
    const { randomBytes } = this.#parts;
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const csrfToken = randomBytes(SECRET_BYTES).toString('base64url');
    const nowMs = this.#parts.nowMs();
    this.#sessions.set(idOf(secret), { by, csrfToken, openedAtMs: nowMs, usedAtMs: nowMs });
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= SESSIONS_MAX) break;
      this.#sessions.delete(oldest);
    }
    return { secret, csrfToken, maxAgeSeconds: LIFETIME_MS / 1000 };
  }

  /** Who has this cookie; undefined if the session is over. */
  find(secret: string, address: string): SessionUser | undefined {
    const id = idOf(secret);
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    const nowMs = this.#parts.nowMs();
    const { by, csrfToken, openedAtMs, usedAtMs } = session;
    const expiresAtMs = Math.min(openedAtMs + LIFETIME_MS, by.kind === 'oidc' ? by.expiresAtMs : Infinity);
    const isOver = nowMs >= expiresAtMs || nowMs - usedAtMs >= IDLE_MS;
    const actor = isOver ? undefined : this.#parts.admit(by, address);
    this.#sessions.delete(id);
    if (actor === undefined) return undefined;
    this.#sessions.set(id, { ...session, usedAtMs: nowMs });
    return { actor, id, csrfToken, expiresAtMs };
  }

  /** Ends a session; one that is over already is no error. */
  close(id: string): void {
    this.#sessions.delete(id);
  }
}

/** The secret itself is not kept, so that a dump of the memory is no set of cookies. */
function idOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
