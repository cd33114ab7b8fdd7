import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';

const LENGTH_MIN = 16;
/** 256 bits, which cannot be guessed. */
const GENERATED_BYTES = 32;
const OWNER_ONLY = 0o600;

/** The file with the bearer token of the operator plane. */
export interface TokenPlace {
  readonly file: string;
  /** Whether an operator named the file; then it must exist, and is never written. */
  readonly named: boolean;
}

/** The bearer token of the operator plane, in a file that only its owner can read. */
export class TokenFile {
  readonly #place: TokenPlace;
  readonly #log: Logger;
  #token: string;

  /** Reads the token, or creates one at the first start. Throws an Error that names the setting and the file. */
  constructor(place: TokenPlace, log: Logger) {
    this.#place = place;
    this.#log = log;
    if (!place.named) generateIfMissing(place.file, log);
    this.#token = this.#read();
  }

  get token(): string {
    return this.#token;
  }

  /** Reads the file again; throws if it contains no valid token, and the previous token stays in use. */
  reload(): void {
    this.#token = this.#read();
  }

  #read(): string {
    const { file } = this.#place;
    let token: string;
    try {
      token = readFileSync(file, 'utf8').trim();
      if ((statSync(file).mode & 0o077) !== 0) {
        this.#log.warn({ file }, `other users can read the operator token: run chmod 600 ${file}`);
      }
    } catch (error) {
      const message = `operator.token_file: ${file} cannot be read: ${(error as Error).message}`;
      throw new Error(message, { cause: error });
    }
    if (token.length < LENGTH_MIN || /\s/.test(token)) {
      throw new Error(
        `operator.token_file: ${file} must hold one token of at least ${LENGTH_MIN} characters without spaces`,
      );
    }
    return token;
  }
}

function generateIfMissing(file: string, log: Logger): void {
  try {
    // With a database elsewhere nobody has made the folder yet.
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o750 });
    // Fails if the file exists, even if another process created it just now.
    writeFileSync(file, `${randomBytes(GENERATED_BYTES).toString('base64url')}\n`, {
      flag: 'wx',
      mode: OWNER_ONLY,
    });
    chmodSync(file, OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && existsSync(file)) return;
    throw new Error(
      `the operator plane's token cannot be written to ${file}: ${(error as Error).message}; set operator.token_file to a file of your own`,
      { cause: error },
    );
  }
  log.info({ file }, "a token for the operator plane was made; send it as 'Authorization: Bearer'");
}
