import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { RecentMap } from '../../limits/recent-map.ts';
import type { PresentedToken } from '../../provision/boot/session-token.ts';
import { type Life, TOKEN_USES, type TokenUse } from '../../provision/machines/lifecycle/life.ts';
import type { KnownTokens } from '../../provision/rendering/machine-urls.ts';

/** Length of a token: 256 bits, of which none can be guessed. */
const TOKEN_BYTES = 32;
/** Base64url of 32 bytes. */
const TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;

/** How long it is remembered whose token a token was, for the alarms; and for how many tokens. */
const OWNERS_KEPT_MS = 24 * 60 * 60_000;
const OWNERS_MAX = 50_000;

/**
 * Makes and recognises the tokens of boot sessions. The token for `boot` is random. Those for `installed` and `report`
 * are derived of it, so that the config which a machine fetches with one token can contain the next without that any
 * of them is kept: the server stores only their SHA-256. As the tokens are random, the hash needs neither salt nor
 * a slow function.
 */
export class SessionTokens {
  readonly #random: (bytes: number) => Buffer;
  readonly #nowMs: () => number;
  readonly #owners = new RecentMap<string>(OWNERS_KEPT_MS, OWNERS_MAX);

  /** `random` gives so many bytes that nobody can predict; `nowMs` is monotonic. */
  constructor(random: (bytes: number) => Buffer, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** New tokens for a boot session of the machine, and the hashes to store in it. */
  mint(machineId: string): {
    readonly tokens: KnownTokens;
    readonly hashes: Readonly<Record<TokenUse, string>>;
  } {
    const tokens = tokensOf('boot', this.#random(TOKEN_BYTES).toString('base64url'));
    const hashes = Object.fromEntries(TOKEN_USES.map((use) => [use, hashToken(tokens[use] ?? '')])) as Record<
      TokenUse,
      string
    >;
    for (const hash of Object.values(hashes)) this.#owners.set(hash, machineId, this.#nowMs());
    return { tokens, hashes };
  }

  /** What the token in a request is, for the machine that the request names. */
  recognise(life: Life, token: string | undefined): PresentedToken {
    if (token === undefined || token === '') return 'none';
    if (!TOKEN_FORM.test(token)) return 'unknown';
    const hash = hashToken(token);
    // All are compared, so that the time does not tell which one was nearly right.
    const matching = TOKEN_USES.filter((use) => equalHashes(life.session?.tokens[use], hash));
    const [use] = matching;
    if (use !== undefined) return use;
    const owner = this.#owners.get(hash, this.#nowMs());
    if (owner === undefined) return 'unknown';
    return owner === life.machineId ? 'earlier' : 'another_machine';
  }
}

/** A token and those that are derived of it: `boot` leads to `installed`, and that to `report`. */
export function tokensOf(use: TokenUse, token: string): KnownTokens {
  switch (use) {
    case 'boot':
      return { boot: token, ...tokensOf('installed', derive(token, 'installed')) };
    case 'installed':
      return { installed: token, ...tokensOf('report', derive(token, 'report')) };
    case 'report':
      return { report: token };
  }
}

function derive(token: string, use: TokenUse): string {
  return createHmac('sha256', token).update(use).digest('base64url');
}

/** SHA-256 in hex. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function equalHashes(stored: string | undefined, hash: string): boolean {
  return stored?.length === hash.length && timingSafeEqual(Buffer.from(stored), Buffer.from(hash));
}
