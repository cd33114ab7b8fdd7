import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RandomBytes } from './token-text.ts';

const BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * The key with which the secrets of tokens are hashed, from a file that the first start makes. Throws an Error that names
 * the file. If the file is lost, tokens are not recognised any more, and new ones must be made.
 */
export function readPepper(file: string, randomBytes: RandomBytes): Uint8Array {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o750 });
    // Fails if the file is there, even if another process made it just now.
    writeFileSync(file, `${randomBytes(BYTES).toString('hex')}\n`, { flag: 'wx', mode: OWNER_ONLY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw unusable(file, (error as Error).message, error);
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw unusable(file, (error as Error).message, error);
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw unusable(file, 'it must hold 64 hexadecimal digits');
  return Buffer.from(text, 'hex');
}

function unusable(file: string, why: string, cause?: unknown): Error {
  return new Error(`the key for hashing tokens in ${file} cannot be used: ${why}`, { cause });
}
