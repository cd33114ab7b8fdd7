import { createHash, timingSafeEqual } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request } from 'express';
import type { AccessTokens, TokenVerdict } from '../../access/access-tokens.ts';
import type { BrowserSessions, SignInBy } from '../../access/browser-sessions.ts';
import { type Actor, ownerActor } from '../../control/actor.ts';
import { ApiError } from './api-error.ts';

/** The cookie of a signed-in browser. */
export const SESSION_COOKIE = 'railhead_session';
/** The header with which a page shows that a request is its own. */
export const CSRF_HEADER = 'x-csrf-token';
/** Everybody who has the token of the file is this. */
const FILE_NAME = 'token:file';
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What finding out who asks depends on. */
export interface OperatorAccessParts {
  /** The token of the file, whose holder may do everything; undefined if there is none. */
  readonly fileToken: () => string | undefined;
  readonly tokens: AccessTokens;
  readonly sessions: BrowserSessions;
}

/** Finds out who sends a request over TCP: by a token, or by the cookie of a browser. */
export class OperatorAccess {
  readonly #parts: OperatorAccessParts;

  constructor(parts: OperatorAccessParts) {
    this.#parts = parts;
  }

  /** Who sends the request. Throws ApiError if that cannot be told, or is not permitted. */
  readonly authenticate = (request: Request): Actor => {
    const address = request.socket.remoteAddress ?? '';
    const given = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '')?.[1];
    if (given !== undefined) return { ...this.#byToken(given, address).actor, address };
    const cookie = parseCookie(request.get('cookie') ?? '')[SESSION_COOKIE];
    if (cookie === undefined) throw new ApiError('unauthorized', 'the request has no valid token');
    const user = this.#parts.sessions.find(cookie, address);
    if (user === undefined) throw new ApiError('unauthorized', 'this session is over; sign in again');
    const { actor, csrfToken, expiresAtMs, id } = user;
    if (!SAFE_METHODS.has(request.method) && !isEqual(request.get(CSRF_HEADER) ?? '', csrfToken)) {
      throw new ApiError(
        'csrf_token_required',
        `the header ${CSRF_HEADER} is absent or not that of this session`,
      );
    }
    return { ...actor, address, session: { id, csrfToken, expiresAtMs } };
  };

  /** By what the holder of a token signs in, and who that is. Throws ApiError if the token is not accepted. */
  signIn(token: string, address: string): { readonly by: SignInBy; readonly actor: Actor } {
    return this.#byToken(token, address);
  }

  #byToken(text: string, address: string): { by: SignInBy; actor: Actor } {
    const digest = digestOf(text);
    const fileToken = this.#parts.fileToken();
    if (fileToken !== undefined && isEqual(digest, digestOf(fileToken))) {
      return { by: { kind: 'file', digest }, actor: ownerActor(FILE_NAME) };
    }
    const verdict = this.#parts.tokens.authenticate(text, address);
    if (verdict.kind !== 'known') throw refusal(verdict, address);
    return { by: { kind: 'token', id: verdict.token.id }, actor: verdict.actor };
  }
}

/** Who has signed in by this; undefined if it is not accepted any more. */
export function admitSignIn(
  by: SignInBy,
  address: string,
  { fileToken, tokens }: Omit<OperatorAccessParts, 'sessions'>,
): Actor | undefined {
  switch (by.kind) {
    case 'file': {
      const token = fileToken();
      return token !== undefined && by.digest === digestOf(token) ? ownerActor(FILE_NAME) : undefined;
    }
    case 'token': {
      const verdict = tokens.admit(by.id, address);
      return verdict.kind === 'known' ? verdict.actor : undefined;
    }
    case 'oidc':
      return by.actor;
  }
}

function refusal(verdict: Exclude<TokenVerdict, { kind: 'known' }>, address: string): ApiError {
  switch (verdict.kind) {
    case 'unknown':
      return new ApiError('unauthorized', 'the request has no valid token');
    case 'expired':
      return new ApiError('unauthorized', `the token ${verdict.token.name} has expired`);
    case 'wrong_network':
      return new ApiError('forbidden', `the token ${verdict.token.name} may not be used from ${address}`);
  }
}

/** Digests have equal length, so that comparing them reveals nothing about the token. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isEqual(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length === second.length && timingSafeEqual(first, second);
}
