import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Reads the certificates of the authorities that may sign the certificates of receivers, as PEM. Throws an Error that
 * names the file and what is wrong with it; Node itself would accept any text, and then trust no receiver.
 */
export function readAuthorities(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`webhooks: ca_file ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw new Error(`webhooks: ca_file ${file} has no certificate in PEM form (-----BEGIN CERTIFICATE-----)`);
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      const message = `webhooks: ca_file ${file}: certificate ${index + 1} is damaged: ${(error as Error).message}`;
      throw new Error(message, { cause: error });
    }
  }
  return certificates.join('\n');
}
