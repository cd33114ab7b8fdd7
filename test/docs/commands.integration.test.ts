import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PROGRAM } from '../support/program.ts';
import { documentedCommands, isAsDocumented } from './transcript.ts';

// The documents show commands with their answers. Here they are run, on the catalog of the repository, and must answer
// just that. `$ cat FILE` shows a file that the commands below it, up to the next heading, find beside the catalog.

// One test runs up to ten programs one after the other.
vi.setConfig({ testTimeout: 300_000 });

const root = path.resolve(import.meta.dirname, '../..');
/** What needs no server, no network and no root, and ends by itself. */
const RUNNABLE = /^(?:.*\| )?(?:npx )?railhead (?:check|explain|render|butane|ignition|serve)\b|^echo \$\?$/;
/** They need a server that runs, or the database of one. */
const NOT_HERE = /^npx railhead serve$| --store \//;

let programs: string;

beforeAll(() => {
  programs = mkdtempSync(path.join(tmpdir(), 'railhead-docs-bin-'));
  const run = `exec ${process.execPath} ${PROGRAM} "$@"`;
  writeFileSync(path.join(programs, 'railhead'), `#!/bin/sh\n${run}\n`, { mode: 0o755 });
  writeFileSync(path.join(programs, 'npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
});
afterAll(() => rmSync(programs, { recursive: true }));

const KERNEL = ['flatcar_production_pxe.vmlinuz', 'flatcar_production_pxe_image.cpio.gz'];

/** What an operator has after `git clone` and the downloads of assets/README.md: catalog, settings and a kernel. */
function checkout(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'railhead-docs-'));
  for (const name of ['profiles', 'groups', 'machines', 'railhead.yaml']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  mkdirSync(path.join(folder, 'assets/flatcar/current'), { recursive: true });
  for (const name of KERNEL) writeFileSync(path.join(folder, 'assets/flatcar/current', name), 'content');
  return folder;
}

function run(command: string, folder: string, lastStatus: number): { status: number; answer: string[] } {
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, NO_COLOR: '1' };
  // What is printed to both outputs is in the order in which a terminal shows it.
  const script = `(exit ${lastStatus}); { ${command}\n} 2>&1`;
  const { status, stdout } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env,
    timeout: 60_000,
  });
  const answer = stdout.split('\n').map((line) => line.trimEnd());
  while (answer.at(-1) === '') answer.pop();
  return { status: status ?? -1, answer };
}

const documents = ['README.md', ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, commands: documentedCommands(readFileSync(path.join(root, file), 'utf8')) }))
  .filter(({ commands }) => commands.some(({ command }) => RUNNABLE.test(command)));

describe.each(documents)('$file', ({ commands }) => {
  test('its commands answer what it says', () => {
    let folder = '';
    let section: string | undefined;
    let status = 0;
    for (const { section: own, line, command, answer } of commands) {
      if (own !== section) folder = checkout();
      section = own;
      const shown = /^cat (\S+)$/.exec(command)?.[1];
      if (shown !== undefined && !path.isAbsolute(shown)) {
        const file = path.join(folder, shown);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, `${answer.join('\n')}\n`);
      } else if (RUNNABLE.test(command) && !NOT_HERE.test(command) && answer.length > 0) {
        const result = run(command, folder, status);
        status = result.status;
        if (!isAsDocumented(result.answer, answer)) {
          expect(result.answer, `line ${line}: ${command}`).toEqual(answer);
        }
      }
    }
  });
});

test('the commands of the README succeed on the catalog of the repository', () => {
  const text = readFileSync(path.join(root, 'README.md'), 'utf8');
  const commands = [...text.matchAll(/^ +(railhead (?:check|explain|render)\b.*)$/gm)].map(
    ([, command = '']) => command,
  );
  expect(commands.length).toBeGreaterThan(2);
  const folder = checkout();
  for (const command of commands) expect(run(command, folder, 0), command).toMatchObject({ status: 0 });
});

test('a transcript has the answer of each command, and dots for lines that are left out', () => {
  const [first, second] = documentedCommands(
    '# A\n\n    $ one\n    1\n\n    2\n    $ two |\n        more\n\nText\n    none\n',
  );
  expect(first).toEqual({ section: 'A', line: 3, command: 'one', answer: ['1', '', '2'] });
  expect(second).toMatchObject({ command: 'two |\n    more', answer: [] });
  expect(isAsDocumented(['a', 'b', 'c'], ['a', '...'])).toBe(true);
  expect(isAsDocumented(['a', 'b'], ['a'])).toBe(false);
  expect(isAsDocumented(['a'], ['b', '...'])).toBe(false);
});
