import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { compileButane } from '../../src/butane/compile.ts';
import { openFilesDirectory } from '../../src/catalog/files-directory.ts';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import { formatReport } from '../../src/ignition/report.ts';

/** Inputs that went wrong, with what the real programs say; they lie beside the checkout. */
const CASES = join(import.meta.dirname, '../../../shared/field/configs');
const names = readdirSync(CASES).sort();

interface Answer {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The folder that \`local\` is looked up in; a name that is not UTF-8 is no name of a case, so it is made here. */
function filesOf(name: string): string {
  if (!name.includes('tree-name')) return join(CASES, name);
  const folder = mkdtempSync(join(tmpdir(), 'field-'));
  folders.push(folder);
  mkdirSync(join(folder, 't'));
  writeFileSync(Buffer.concat([Buffer.from(join(folder, 't/bad')), Buffer.of(0xff)]), 'x');
  return folder;
}

function runButane(name: string): Answer {
  const input = readFileSync(join(CASES, name, 'in.bu'));
  const result = compileButane(input, { files: openFilesDirectory(filesOf(name)) });
  const report = formatReport(result.entries);
  return result.kind === 'config'
    ? { exit: 0, stdout: `${result.json}\n`, stderr: report }
    : { exit: 1, stdout: '', stderr: `${report}Error translating config: ${result.error}\n` };
}

function runIgnition(name: string): Answer {
  const result = parseConfig(readFileSync(join(CASES, name, 'in.ign')));
  return { exit: result.kind === 'config' ? 0 : 1, stdout: formatReport(result.entries), stderr: '' };
}

function expected(name: string): Answer {
  const text = readFileSync(join(CASES, name, 'expected.txt'), 'utf8');
  const [, exit = '', stdout = '', stderr = ''] =
    /^exit (\d+)\n--- stdout\n([\s\S]*?)\n?--- stderr\n?([\s\S]*)$/.exec(text) ?? [];
  return { exit: Number(exit), stdout: stdout.trim(), stderr: stderr.trim() };
}

const trimmed = ({ exit, stdout, stderr }: Answer): Answer => ({
  exit,
  stdout: stdout.trim(),
  stderr: stderr.trim(),
});

const has = (name: string, file: string): boolean => existsSync(join(CASES, name, file));

test.each(names.filter((name) => has(name, 'in.bu')))('butane: %s', (name) => {
  expect(trimmed(runButane(name))).toEqual(expected(name));
});

test.each(names.filter((name) => has(name, 'in.ign')))('ignition validate: %s', (name) => {
  expect(trimmed(runIgnition(name))).toEqual(expected(name));
});

test.each([
  ['01-root-constrained-before', ['butane', '--raw-errors'], 'in.bu'],
  ['08-url-brackets-c', ['ignition', 'validate'], 'in.ign'],
])('through the command: %s', async (name, args, file) => {
  const main = join(import.meta.dirname, '../../src/main.ts');
  const loader = join(import.meta.dirname, '../../node_modules/tsx/dist/loader.mjs');
  const command = ['--import', loader, main, ...args, join(CASES, name, file)];
  const { exitCode, stdout, stderr } = await execa(process.execPath, command, { reject: false });
  expect(trimmed({ exit: exitCode ?? -1, stdout, stderr })).toEqual(expected(name));
});
