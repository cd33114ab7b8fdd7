import { readFileSync } from 'node:fs';
import { parseDnsName } from '../protocol/dns/dns-name.ts';
import { TSIG_ALGORITHMS, type TsigAlgorithm, type TsigKey } from '../protocol/dns/tsig.ts';

const KEY = /^\s*key\s+"?([^"\s{]+)"?\s*\{([^}]*)\}\s*;?\s*$/;
const COMMENTS = /\/\*[\s\S]*?\*\/|(?:\/\/|#)[^\n]*/g;
/** A key shorter than half the digest of its algorithm is easier to guess than the digest (RFC 8945 section 7). */
const SECRET_BYTES_MIN = 16;

/**
 * Reads a file in the format of BIND's `tsig-keygen`, with one key. Throws an Error that names the file and what is
 * wrong with it, without the secret.
 */
export function readTsigKey(file: string): TsigKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`the key file ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return parseTsigKey(text, file);
}

/** The key in the text of a file; `file` is for messages. Throws like `readTsigKey`. */
export function parseTsigKey(text: string, file: string): TsigKey {
  const fail = (what: string): never => {
    throw new Error(`the key file ${file} ${what}`);
  };
  // Comments are removed only outside quotes: a secret may contain //.
  const plain = text.replace(/"[^"]*"|\/\*[\s\S]*?\*\/|(?:\/\/|#)[^\n]*/g, (part) =>
    part.startsWith('"') ? part : part.replace(COMMENTS, ' '),
  );
  const [, keyName = '', body = ''] =
    KEY.exec(plain) ?? fail('does not hold exactly one key: write it with tsig-keygen NAME > FILE');
  const name = parseDnsName(keyName) ?? fail('has a key name that is not a domain name');
  const algorithm = statement(body, 'algorithm') ?? fail('names no algorithm');
  if (!isAlgorithm(algorithm)) {
    return fail(`has an algorithm that is not one of ${Object.keys(TSIG_ALGORITHMS).join(', ')}`);
  }
  const secretText = statement(body, 'secret') ?? fail('has no secret');
  const secret = Buffer.from(secretText, 'base64');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secretText) || secret.length < SECRET_BYTES_MIN) {
    return fail(`has a secret that is not base64 of at least ${SECRET_BYTES_MIN} bytes`);
  }
  return { name, algorithm, secret };
}

function statement(body: string, keyword: string): string | undefined {
  return new RegExp(`(?:^|[;\\s])${keyword}\\s+"?([^";\\s]+)"?\\s*;`).exec(body)?.[1];
}

function isAlgorithm(text: string): text is TsigAlgorithm {
  return Object.hasOwn(TSIG_ALGORITHMS, text);
}
