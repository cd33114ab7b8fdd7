import { readFileSync } from 'node:fs';

/** Standard Webhooks 1.0.0, "Signature scheme": 24 to 64 bytes. */
const BYTES_MIN = 24;
const BYTES_MAX = 64;
/** The prefix of secrets in the same specification; its libraries accept secrets with and without it. */
const PREFIX = /^whsec_/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Reads the secret for signing deliveries: base64, as `openssl rand -base64 32` prints it. Throws an Error that names the
 * file and what is wrong with it, and contains no part of the secret.
 */
export function readWebhookSecret(file: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim().replace(PREFIX, '');
  } catch (error) {
    throw new Error(`webhooks: secret_file ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const secret = Buffer.from(text, 'base64');
  if (!BASE64.test(text) || secret.length < BYTES_MIN || secret.length > BYTES_MAX) {
    throw new Error(
      `webhooks: secret_file ${file} must hold base64 of ${BYTES_MIN} to ${BYTES_MAX} bytes: write it with openssl rand -base64 32`,
    );
  }
  return secret;
}
