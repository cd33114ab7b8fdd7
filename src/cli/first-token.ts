import { connect } from 'node:net';
import path from 'node:path';
import { userInfo } from 'node:os';
import type { AccessTokens } from '../access/access-tokens.ts';
import type { Role } from '../api/permissions.ts';
import type { TokenView } from '../api/schemas/token.ts';
import { fail } from './server/with-server.ts';
import type { Settings } from '../config/schema.ts';
import type { ServerOptions } from './server/find-server.ts';
import { settingsOrReport } from './settings-or-report.ts';

/** A token as the API takes it. */
interface TokenWanted {
  readonly name: string;
  readonly role: Role;
  readonly networks: readonly string[];
  readonly expires_at?: string;
  readonly inventories?: readonly string[];
}

/**
 * Makes a token in the database of this host, for a server that does not run yet: only then nobody else has the
 * database. False if the server runs, so that it must be asked.
 */
export async function createFirstToken(
  options: ServerOptions,
  wanted: TokenWanted,
  print: (made: TokenView & { readonly token: string }) => void,
): Promise<boolean> {
  const settings = await settingsOrReport(options.config);
  if (settings === undefined) return true;
  const { controlSocketFile } = await import('../config/sections/operator.ts');
  const socket = options.socket ?? controlSocketFile(settings);
  if (socket !== undefined && (await isAnswered(path.resolve(socket)))) return false;
  try {
    await withDatabase(settings, async (tokens) => {
      const { expires_at: expires, inventories, name, networks, role } = wanted;
      const expiresAt = expires === undefined ? undefined : new Date(expires);
      const by = { name: `local:${userInfo().username}`, permissions: new Set<never>() };
      const { text, token } = await tokens.create({ name, role, networks, inventories, expiresAt }, by);
      print({
        id: token.id,
        name,
        role,
        created_at: token.createdAt.toISOString(),
        created_by: token.createdBy,
        expires_at: expires ?? null,
        networks,
        inventories: inventories ?? null,
        last_used_at: null,
        last_used_from: null,
        token: text,
      });
    });
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  return true;
}

async function withDatabase(
  settings: Settings,
  work: (tokens: AccessTokens) => Promise<void>,
): Promise<void> {
  const [{ openTokens }, { SYSTEM_CLOCK: clock }, { openStore }, { toStoreSettings }, { pino }] =
    await Promise.all([
      import('../app/compose-access.ts'),
      import('../app/clock.ts'),
      import('../store/open-store.ts'),
      import('../config/sections/store.ts'),
      import('pino'),
    ]);
  const log = pino({ level: 'silent' });
  const { store } = await openStore(toStoreSettings(settings.store), { log, nowMs: clock.nowMs });
  try {
    await work(await openTokens({ clock, log, settings }, store.tokens));
  } finally {
    await store.close();
  }
}

function isAnswered(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
