import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';

/** The files of the operator plane's certificate. */
export interface TlsPlace {
  /** The certificate and those of the authorities between it and the root, in PEM. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate and its private key, in PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** Older versions have known weaknesses (RFC 8996). */
export const TLS_MIN = 'TLSv1.2';

const DAY_MS = 24 * 60 * 60_000;
/** From so many days before its end on, the log warns of it. */
const WARN_DAYS = 30;

/**
 * The certificate of the operator plane, read again when its files change: the program that renews it need not know of
 * Railhead. An invalid pair is not used, and the one before stays.
 */
export class TlsFiles {
  readonly #place: TlsPlace;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #listeners = new Set<(pair: TlsPair) => void>();
  #pair: TlsPair;
  #expiresAt: Date;
  #warnedFor = '';

  /** Throws an Error that names the setting, the file and what is wrong with it. */
  constructor(place: TlsPlace, log: Logger, now: () => Date) {
    this.#place = place;
    this.#log = log;
    this.#now = now;
    this.#pair = readFiles(place);
    this.#expiresAt = check(this.#pair, place);
    this.#warn();
  }

  /** For connections from now on. */
  get pair(): TlsPair {
    return this.#pair;
  }

  /** Calls `listener` with every other pair that comes. */
  onChange(listener: (pair: TlsPair) => void): void {
    this.#listeners.add(listener);
  }

  /** When the certificate ends. */
  get expiresAt(): Date {
    return this.#expiresAt;
  }

  /** Reads the files again. Throws if they are invalid; the certificate before stays in use. */
  reload(): void {
    const read = readFiles(this.#place);
    if (read.cert !== this.#pair.cert || read.key !== this.#pair.key) {
      const expiresAt = check(read, this.#place);
      this.#pair = read;
      this.#expiresAt = expiresAt;
      for (const listener of this.#listeners) listener(read);
      this.#log.info({ expires: expiresAt.toISOString() }, 'the certificate of the API was read again');
    }
    this.#warn();
  }

  /** Looks whether the files have changed; to be called now and then. Never throws. */
  look(): void {
    try {
      this.reload();
      this.#warnedFor = '';
    } catch (error) {
      const { message } = error as Error;
      // A renewal replaces two files one after the other, and a wrong pair stays wrong: told once.
      if (message !== this.#warnedFor) this.#log.error(`${message}; the certificate before stays in use`);
      this.#warnedFor = message;
    }
  }

  /** What is wrong with the certificate's time, for readiness; undefined if nothing is. */
  get problem(): string | undefined {
    return this.#expiresAt <= this.#now()
      ? `operator.tls: the certificate has expired on ${this.#expiresAt.toISOString()}; renew it`
      : undefined;
  }

  #warn(): void {
    const days = Math.floor((this.#expiresAt.getTime() - this.#now().getTime()) / DAY_MS);
    if (days < WARN_DAYS) {
      this.#log.warn(
        { expires: this.#expiresAt.toISOString() },
        days < 0
          ? 'the certificate of the API has expired'
          : `the certificate of the API ends in ${days} days`,
      );
    }
  }
}

function readFiles({ certificateFile, keyFile }: TlsPlace): TlsPair {
  return {
    cert: readText('operator.tls.cert_file', certificateFile),
    key: readText('operator.tls.key_file', keyFile),
  };
}

function readText(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${setting}: ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** When the certificate ends. Throws an Error unless the two belong together. */
function check({ cert, key }: TlsPair, { certificateFile, keyFile }: TlsPlace): Date {
  const parsed = attempt(
    () => new X509Certificate(cert),
    `operator.tls.cert_file: ${certificateFile} has no certificate in PEM form`,
  );
  const secret = attempt(
    () => createPrivateKey(key),
    `operator.tls.key_file: ${keyFile} has no private key in PEM form without a passphrase`,
  );
  if (!parsed.checkPrivateKey(secret)) {
    throw new Error(
      `operator.tls: the key in ${keyFile} is not that of the certificate in ${certificateFile}`,
    );
  }
  attempt(
    () => createSecureContext({ cert, key, minVersion: TLS_MIN }),
    `operator.tls.cert_file: ${certificateFile} cannot be used`,
  );
  return new Date(parsed.validTo);
}

function attempt<T>(work: () => T, message: string): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${message}: ${(error as Error).message}`, { cause: error });
  }
}
