import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TlsFiles } from '../../../src/server/operator-http/tls-files.ts';
import { makeCertificate } from '../../support/make-certificate.ts';

const LONG = makeCertificate(90);
const OTHER = makeCertificate(90);
const SHORT = makeCertificate(10);

let folder: string;
let nowMs: number;
let lines: { level: number; msg: string }[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  nowMs = Date.now();
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const place = () => ({
  certificateFile: path.join(folder, 'api.crt'),
  keyFile: path.join(folder, 'api.key'),
});
const write = (cert: string, key: string): void => {
  writeFileSync(place().certificateFile, cert);
  writeFileSync(place().keyFile, key);
};
const open = (): TlsFiles => {
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as never) });
  return new TlsFiles(place(), log, () => new Date(nowMs));
};

describe('the certificate of the API', () => {
  test('is read again when its files change, and not otherwise', () => {
    write(LONG.cert, LONG.key);
    const tls = open();
    const before = tls.pair;
    tls.look();
    expect(tls.pair).toBe(before);
    write(OTHER.cert, OTHER.key);
    tls.look();
    expect(tls.pair).not.toBe(before);
    expect(lines.map(({ msg }) => msg)).toEqual(['the certificate of the API was read again']);
  });

  test('stays in use while the new files are wrong, which is told once', () => {
    write(LONG.cert, LONG.key);
    const tls = open();
    const before = tls.pair;
    write(OTHER.cert, LONG.key);
    tls.look();
    tls.look();
    expect(tls.pair).toBe(before);
    expect(lines.map(({ msg }) => msg)).toEqual([
      `operator.tls: the key in ${place().keyFile} is not that of the certificate in ${place().certificateFile}; the certificate before stays in use`,
    ]);
    expect(() => tls.reload()).toThrow('is not that of the certificate');
    write(OTHER.cert, OTHER.key);
    tls.look();
    expect(tls.pair).not.toBe(before);
  });

  test('warns when it is about to end, and is a problem when it has', () => {
    write(SHORT.cert, SHORT.key);
    const tls = open();
    expect(lines).toMatchObject([{ level: 40, msg: expect.stringMatching(/ends in (9|10) days/) as string }]);
    expect(tls.problem).toBeUndefined();
    nowMs += 11 * 24 * 3_600_000;
    expect(tls.problem).toContain('the certificate has expired');
  });

  test.each([
    ['operator.tls.cert_file: .*api.crt has no certificate in PEM form', 'nothing', LONG.key],
    ['operator.tls.key_file: .*api.key has no private key in PEM form', LONG.cert, 'nothing'],
    ['is not that of the certificate', LONG.cert, OTHER.key],
  ])('%s', (message, cert, key) => {
    write(cert, key);
    expect(open).toThrow(new RegExp(message));
  });

  test('that is not there is named', () => {
    expect(open).toThrow(/^operator\.tls\.cert_file: .*api\.crt cannot be read: ENOENT/);
  });
});
