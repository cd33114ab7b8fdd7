import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TokenFile } from '../../../src/server/operator-http/token-file.ts';

let folder: string;
let file: string;
let lines: string[];
const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-token-'));
  file = path.join(folder, 'operator.token');
  lines = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

test('the first start creates a token that only the owner can read, and logs its place but not its value', () => {
  const { token } = new TokenFile({ file, named: false }, log);
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(file);
  expect(lines[0]).not.toContain(token);
  lines = [];
  expect(new TokenFile({ file, named: false }, log).token).toBe(token);
  expect(lines).toEqual([]);
});

test('the first start creates the folder, if the database is elsewhere', () => {
  const inFolder = path.join(folder, 'data', 'operator.token');
  expect(new TokenFile({ file: inFolder, named: false }, log).token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(statSync(path.dirname(inFolder)).mode & 0o007).toBe(0);
});

test('no two servers have the same token', () => {
  const other = new TokenFile({ file: path.join(folder, 'other'), named: false }, log);
  expect(new TokenFile({ file, named: false }, log).token).not.toBe(other.token);
});

test('a file that an operator names must exist, and is not created', () => {
  expect(() => new TokenFile({ file, named: true }, log)).toThrow(
    /^operator\.token_file: .*operator\.token cannot be read/,
  );
  expect(existsSync(file)).toBe(false);
});

test.each(['short', '', 'one-token-is-enough and-another'])('a file with "%s" is refused', (text) => {
  writeFileSync(file, text, { mode: 0o600 });
  expect(() => new TokenFile({ file, named: true }, log)).toThrow(
    /must hold one token of at least 16 characters/,
  );
});

test('a folder that is not writable is reported with what to do', () => {
  writeFileSync(path.join(folder, 'no-folder'), '');
  const impossible = path.join(folder, 'no-folder', 'operator.token');
  expect(() => new TokenFile({ file: impossible, named: false }, log)).toThrow(
    /set operator\.token_file to a file of your own/,
  );
});

test('a file that others can read is used, with a warning', () => {
  writeFileSync(file, 'correct-horse-battery\n');
  chmodSync(file, 0o644);
  expect(new TokenFile({ file, named: true }, log).token).toBe('correct-horse-battery');
  expect(lines.join('')).toContain('chmod 600');
});

test('a new token is used once the file is read again, and an invalid one leaves the old one in use', () => {
  writeFileSync(file, 'correct-horse-battery\n', { mode: 0o600 });
  const tokens = new TokenFile({ file, named: true }, log);
  writeFileSync(file, 'another-horse-battery\n');
  expect(tokens.token).toBe('correct-horse-battery');
  tokens.reload();
  expect(tokens.token).toBe('another-horse-battery');
  writeFileSync(file, 'bad');
  expect(() => tokens.reload()).toThrow();
  expect(tokens.token).toBe('another-horse-battery');
  expect(readFileSync(file, 'utf8')).toBe('bad');
});
