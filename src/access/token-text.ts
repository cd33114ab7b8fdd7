import { createHmac, timingSafeEqual } from 'node:crypto';

/** How tokens begin, so that people and programs that look for leaked secrets recognise them. */
export const TOKEN_PREFIX = 'rht_';

const ID_LENGTH = 12;
/** 256 bits, which cannot be guessed. */
const SECRET_BYTES = 32;
const FORM = /^rht_([0-9a-z]{12})_([\w-]{43})$/;
const ID_LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The two parts of a token's text. */
export interface TokenParts {
  /** Public: it finds the token, and the audit may show it. */
  readonly id: string;
  readonly secret: string;
}

/** `rht_7h2k9d0s1m4q_` and 43 characters of a secret; undefined for any other text. */
export function parseTokenText(text: string): TokenParts | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Makes bytes that nobody can guess. */
export type RandomBytes = (count: number) => Buffer;

/** A new token that nobody has had before. */
export function newToken(randomBytes: RandomBytes): TokenParts & { readonly text: string } {
  const id = [...randomBytes(ID_LENGTH)].map((byte) => ID_LETTERS[byte % ID_LETTERS.length]).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, secret, text: `${TOKEN_PREFIX}${id}_${secret}` };
}

/**
 * What is kept of a secret: its HMAC-SHA-256 in hex. The key is in a file beside the database, so that a copy of the
 * database alone is no help to somebody who wants to make a token that is accepted.
 */
export function hashSecret(secret: string, pepper: Uint8Array): string {
  return createHmac('sha256', pepper).update(secret).digest('hex');
}

/** Compares without revealing by its duration how much is equal. Both are hex of the same length. */
export function equalHashes(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return first.length === second.length && timingSafeEqual(first, second);
}
