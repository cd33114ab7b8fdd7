import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { AccessTokens } from '../access/access-tokens.ts';
import { BrowserSessions } from '../access/browser-sessions.ts';
import { readPepper } from '../access/pepper-file.ts';
import type { TokenStore } from '../store/token-store.ts';
import { admitSignIn, OperatorAccess } from '../server/operator-http/operator-access.ts';
import { TokenFile } from '../server/operator-http/token-file.ts';
import type { Environment } from './environment.ts';
import type { Services } from './services.ts';
import type { SharedServices } from './shared-services.ts';

/** Who may use the operator plane. */
export interface ComposedAccess {
  readonly access: OperatorAccess;
  readonly tokens: AccessTokens;
  readonly sessions: BrowserSessions;
  /** The file with the token that was made at the first start, or that the settings name; absent while TCP is off. */
  readonly tokenFile?: string;
}

/**
 * The tokens in a database. Rejects with an Error that names a file that cannot be
 * used.
 */
export function openTokens(
  { clock, log, settings }: Pick<Environment, 'clock' | 'log' | 'settings'>,
  store: TokenStore,
): Promise<AccessTokens> {
  // Beside the database.
  const file = path.join(path.dirname(settings.store.file), 'operator.pepper');
  return AccessTokens.load({
    store,
    pepper: readPepper(file, randomBytes),
    randomBytes,
    log,
    now: clock.now,
  });
}

/** Reads the tokens of the file and of the store. Rejects with an Error that names a file that cannot be used. */
export async function composeAccess(
  environment: Environment,
  { store }: SharedServices,
  services: Services,
): Promise<ComposedAccess> {
  const { clock, log, settings } = environment;
  const tokens = await openTokens(environment, store.tokens);
  tokens.start();
  services.add('tokens', tokens);
  const { listen, token_file: named } = settings.operator;
  const file = named ?? path.join(path.dirname(settings.store.file), 'operator.token');
  const tokenFile = listen === null ? undefined : new TokenFile({ file, named: named !== undefined }, log);
  if (tokenFile !== undefined) {
    services.add('operator token', { close: () => undefined, reload: () => tokenFile.reload() });
  }
  const known = { fileToken: () => tokenFile?.token, tokens };
  const sessions = new BrowserSessions({
    admit: (by, address) => admitSignIn(by, address, known),
    randomBytes,
    nowMs: () => clock.now().getTime(),
  });
  const access = new OperatorAccess({ ...known, sessions });
  return { access, tokens, sessions, ...(tokenFile !== undefined && { tokenFile: file }) };
}
