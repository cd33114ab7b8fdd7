import { readFileSync } from 'node:fs';

const LENGTH_MIN = 16;

/** The bearer token in the file of `operator.token_file`. Throws an Error that names the file. */
export function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const token = readFileSync(file, 'utf8').trim();
  if (token.length < LENGTH_MIN)
    throw new Error(`operator.token_file: the token in ${file} has fewer than ${LENGTH_MIN} characters`);
  return token;
}
