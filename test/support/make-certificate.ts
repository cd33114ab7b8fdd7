import { execFileSync } from 'node:child_process';

/** A certificate and its private key, both in PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1 that is signed only by its own authority. */
export function makeCertificate(days = 1): TestCertificate {
  const pem = execFileSync(
    'openssl',
    [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days),
      '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', '-', '-out', '-',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  ); // prettier-ignore
  const certificateAt = pem.indexOf('-----BEGIN CERTIFICATE');
  return { key: pem.slice(0, certificateAt), cert: pem.slice(certificateAt) };
}
