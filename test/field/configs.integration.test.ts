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
import { IgnitionCompiler } from '../../src/provision/rendering/render-ignition.ts';
import { PROGRAM } from '../support/program.ts';

/** Inputs that caused failures, with the results of the real programs; they are beside the checkout. */
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

/** The folder for \`local\`; it is created here, since a case cannot contain a name that is not UTF-8. */
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

/** Runs the program itself. */
async function railhead(args: readonly string[]): Promise<Answer> {
  const command = [PROGRAM, ...args];
  const { exitCode, stdout, stderr } = await execa(process.execPath, command, { reject: false });
  return { exit: exitCode ?? -1, stdout, stderr };
}

/** Catalogs, with a description of what must be reported. */
const CATALOGS: readonly [name: string, told: readonly RegExp[]][] = [
  [
    '21-json-dot-leaks-context',
    [/^profiles\/w\.bu:8:\d+: json of all variables at once would write every secret/],
  ],
  ['22-go-template-message', [/^profiles\/w\.bu:8:\d+: \{\{\.Names\}\} .* write \\\{\{/]],
  [
    '27-one-error-a-run',
    [
      /6:7: \/a: filesystem: unused key/,
      /7:7: \/a: modee: unused key/,
      /8:\d+: \/a: contents\.inlin: unused key/,
      /9:\d+: b: path: path not absolute/,
    ],
  ],
  ['28-merged-fault-without-layer', [/c\.ign:1:\d+: \/etc\/systemd\/system\/a\.service: .*w\.bu \+ c\.ign/]],
  [
    '35-matchbox-profile',
    [/^profiles\/p\.yaml:1:77: "ignition_id" is a key of Matchbox: write "ignition: w\.bu" in its place/],
  ],
  ['37-old-spec-message', [/^profiles\/v2\.ign:1:\d+: this is Ignition 2\.3\.0.*ign-converter/]],
  ['38-no-variant', [/^profiles\/w\.bu:1:1: this is a cloud-config/]],
];

test.each(CATALOGS)('check: %s', async (name, told) => {
  const { exit, stdout } = await railhead(['check', join(CASES, name)]);
  const problems = stdout.split('\n').filter((line) => line.startsWith('profiles/'));
  expect(exit).toBe(1);
  expect(problems).toHaveLength(told.length);
  told.forEach((pattern, index) => {
    expect(problems[index]).toMatch(pattern);
    expect(problems[index]).not.toContain('SECRET');
  });
});

test.each(['24-butane-named-yaml', '24-ignition-named-json'])('check: %s', async (name) => {
  const { exit, stdout, stderr } = await railhead(['check', join(CASES, name)]);
  expect([exit, stdout]).toEqual([0, '']);
  expect(stderr).toBe('no problems: 1 profile, 1 group, 0 machines');
});

/** Valid configs, with what must be warned about. */
const WARNINGS: readonly [name: string, told: readonly RegExp[]][] = [
  [
    '20-check-swallows-warnings',
    [
      /w\.bu:6:\d+: \/a: mode: unreasonable mode/,
      /w\.bu:6:\d+: \/a: mode: setuid/,
      /w\.bu:\d+:\d+: web\.service: .*no install section/,
    ],
  ],
  ['30-gzip-not-gzipped', [/w\.bu:5:\d+: \/etc\/app\.conf: its contents are declared as gzip/]],
  ['31-file-below-file', [/w\.bu:7:\d+: \/foo\/bar\/baz: it is below \/foo\/bar/]],
  ['33-overwrite-of-shipped-file', [/w\.bu:5:\d+: \/etc\/flatcar\/update\.conf: Flatcar ships this file/]],
  ['34-yaml-extension-keys', []],
];

test.each(WARNINGS)('warnings of the config: %s', (name, told) => {
  const text = readFileSync(join(CASES, name, 'profiles/w.bu'), 'utf8');
  const { warnings } = new IgnitionCompiler().compile([{ name: 'w.bu', template: text, text }]);
  const notes = warnings.map(
    ({ template, line, column, message }) => `${template}:${line}:${column}: ${message}`,
  );
  expect(notes).toHaveLength(told.length);
  told.forEach((pattern, index) => {
    expect(notes[index]).toMatch(pattern);
  });
});

test.each([
  ['01-root-constrained-before', ['butane', '--raw-errors'], 'in.bu'],
  ['08-url-brackets-c', ['ignition', 'validate'], 'in.ign'],
])('through the command: %s', async (name, args, file) => {
  expect(trimmed(await railhead([...args, join(CASES, name, file)]))).toEqual(expected(name));
});
