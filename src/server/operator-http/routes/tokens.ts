import { stringifySetCookie } from 'cookie';
import { type AccessTokens, NameTaken } from '../../../access/access-tokens.ts';
import { whyNoNetwork } from '../../../access/allowed-networks.ts';
import type { BrowserSessions, OpenedSession } from '../../../access/browser-sessions.ts';
import { ROLE_NAMES, ROLES } from '../../../api/permissions.ts';
import type { TOKEN_ROUTES } from '../../../api/routes/tokens.ts';
import type { TokenView } from '../../../api/schemas/token.ts';
import type { Actor } from '../../../control/actor.ts';
import { KeyedBuckets } from '../../../limits/token-bucket.ts';
import { StoreError } from '../../../store/store-error.ts';
import type { StoredToken } from '../../../store/token-store.ts';
import { ApiError } from '../api-error.ts';
import type { CallContext, Handlers } from '../handler.ts';
import { type OperatorAccess, SESSION_COOKIE } from '../operator-access.ts';

/** What the routes of tokens and sessions depend on. */
export interface TokenRouteParts {
  readonly tokens: AccessTokens;
  readonly sessions: BrowserSessions;
  readonly access: Pick<OperatorAccess, 'signIn'>;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Somebody who mistypes a token tries a few times; a program that guesses is slowed down. */
const ATTEMPTS_BURST = 10;
const ATTEMPTS_PER_SECOND = 1 / 6;
const SOURCES_MAX = 10_000;

export function tokenHandlers(parts: TokenRouteParts): Handlers<typeof TOKEN_ROUTES> {
  const { access, now, nowMs, sessions, tokens } = parts;
  const attempts = new KeyedBuckets(ATTEMPTS_PER_SECOND, ATTEMPTS_BURST, SOURCES_MAX);
  return {
    showMe: ({ actor }) => ({ status: 200, body: meView(actor) }),
    signIn: ({ body: { token }, context }) => {
      if (!attempts.take(context.address, nowMs()))
        throw new ApiError('too_many_attempts', 'too many attempts from this address; wait a minute');
      const { actor, by } = access.signIn(token, context.address);
      const opened = sessions.open(by);
      const expiresAtMs = now().getTime() + opened.maxAgeSeconds * 1000;
      const signedIn = { ...actor, session: { id: '', csrfToken: opened.csrfToken, expiresAtMs } };
      return {
        status: 200,
        body: meView(signedIn),
        headers: { 'Set-Cookie': sessionCookie(opened, context) },
      };
    },
    signOut: ({ actor, context }) => {
      if (actor.session !== undefined) sessions.close(actor.session.id);
      const gone = { secret: '', maxAgeSeconds: 0 };
      return { status: 204, body: undefined, headers: { 'Set-Cookie': sessionCookie(gone, context) } };
    },
    listRoles: () => ({
      status: 200,
      body: { items: ROLE_NAMES.map((role) => ({ role, permissions: [...ROLES[role]] })) },
    }),
    listTokens: () => ({ status: 200, body: { items: tokens.list().map(viewOf) } }),
    showToken: ({ params }) => {
      const token = tokens.find(params.token);
      if (token === undefined) throw new ApiError('not_found', `there is no token ${params.token}`);
      return { status: 200, body: viewOf(token) };
    },
    createToken: async ({ actor, body }) => {
      const { expires_at: expires, inventories, name, networks, role } = body;
      const faults = networks.flatMap((network, index) => {
        const why = whyNoNetwork(network);
        return why === undefined ? [] : [{ path: `networks.${index}`, detail: why }];
      });
      const [first] = faults;
      if (first !== undefined) throw new ApiError('invalid_request', `${first.path}: ${first.detail}`);
      const expiresAt = expires == null ? undefined : new Date(expires);
      if (expiresAt !== undefined && expiresAt <= now())
        throw new ApiError('invalid_request', 'expires_at: this time is over');
      if (inventories != null && role !== 'inventory')
        throw new ApiError('invalid_request', 'inventories: only a token of the role inventory has them');
      const wanted = { name, role, networks, expiresAt, inventories: inventories ?? undefined };
      try {
        const { text, token } = await tokens.create(wanted, actor);
        return { status: 201, body: { ...viewOf(token), token: text } };
      } catch (error) {
        if (error instanceof NameTaken) throw new ApiError('name_taken', error.message);
        throw notStored(error);
      }
    },
    revokeToken: async ({ actor, params, query: { reason } }) => {
      try {
        if (await tokens.revoke(params.token, actor, reason)) return { status: 204, body: undefined };
      } catch (error) {
        throw notStored(error);
      }
      throw new ApiError('not_found', `there is no token ${params.token}`);
    },
  };
}

/** A failure of the store is told to the caller; anything else is a bug of ours. */
function notStored(error: unknown): unknown {
  return error instanceof StoreError ? new ApiError('not_stored', error.message) : error;
}

function sessionCookie(
  { maxAgeSeconds, secret }: Pick<OpenedSession, 'maxAgeSeconds' | 'secret'>,
  { isEncrypted }: CallContext,
): string {
  return stringifySetCookie({
    name: SESSION_COOKIE,
    value: secret,
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    maxAge: maxAgeSeconds,
    secure: isEncrypted,
  });
}

function meView({ inventories, name, permissions, session }: Actor) {
  return {
    name,
    permissions: [...permissions],
    inventories: inventories === undefined ? null : [...inventories],
    csrf_token: session?.csrfToken ?? null,
    session_expires_at: session === undefined ? null : new Date(session.expiresAtMs).toISOString(),
  };
}

function viewOf(token: StoredToken): TokenView {
  const { createdAt, createdBy, expiresAt, id, inventories, lastUse, name, networks, role } = token;
  return {
    id,
    name,
    role,
    created_at: createdAt.toISOString(),
    created_by: createdBy,
    expires_at: expiresAt?.toISOString() ?? null,
    networks,
    inventories: inventories ?? null,
    last_used_at: lastUse?.at.toISOString() ?? null,
    last_used_from: lastUse?.address ?? null,
  };
}
