import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROGRAM } from '../support/program.ts';
import { documentedCommands } from './transcript.ts';

// docs/lifecycle.md shows every verb for machines with its answer. Here they are run, one after the other, on a server
// with the catalog that the document shows, and must answer just that.

vi.setConfig({ testTimeout: 300_000 });

const DOCUMENT = path.resolve(import.meta.dirname, '../../docs/lifecycle.md');
const SECTION = 'Verbs, one after the other';
/** The server of the document. */
const DOCUMENTED_ORIGIN = 'http://10.0.0.2:8080';
const SETTINGS = [
  'catalog: {dir: .}',
  'http: {listen: ["127.0.0.1:0"]}',
  'operator: {listen: null}',
  'tftp: {enabled: false}',
  'store: {file: data/railhead.db}',
  'served_networks: [127.0.0.0/8]',
].join('\n');

const commands = documentedCommands(readFileSync(DOCUMENT, 'utf8')).filter(
  ({ section }) => section === SECTION,
);
let folder: string;
let server: ChildProcess | undefined;
let origin = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-docs-'));
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  write('railhead.yaml', SETTINGS);
  for (const { answer, command } of commands) {
    const [, name] = /^cat (\S+)$/.exec(command) ?? [];
    if (name !== undefined) write(name, `${answer.join('\n')}\n`);
  }
  mkdirSync(path.join(folder, 'bin'));
  const run = `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`;
  writeFileSync(path.join(folder, 'bin/railhead'), run, { mode: 0o755 });
  server = spawn(process.execPath, [PROGRAM, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    const entry = JSON.parse(line) as { msg: string; http?: string[] };
    if (entry.msg !== 'railhead is ready') continue;
    origin = `http://${entry.http?.[0]}`;
    break;
  }
});
afterAll(() => {
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** An answer without what differs from run to run: times, session ids, and who runs the test. */
function comparable(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
      .replace(/socket:\w+/g, 'socket:USER')
      .trimEnd(),
  );
}

function run(command: string): string[] {
  const env = { ...process.env, PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}`, NO_COLOR: '1' };
  const here = command.replaceAll(DOCUMENTED_ORIGIN, origin);
  const { stdout } = spawnSync('bash', ['-c', `{ ${here}\n} 2>&1`], { cwd: folder, encoding: 'utf8', env });
  const answer = stdout.split('\n');
  while (answer.at(-1) === '') answer.pop();
  return answer;
}

test('each verb answers what the document says', async () => {
  const shown = commands.filter(({ command }) => !command.startsWith('cat '));
  expect(shown.length).toBeGreaterThan(30);
  for (const { answer, command, line } of shown) {
    // A machine that asks for the first time is stored in the background.
    const answers = (): string[] => comparable(run(command));
    if (!command.startsWith('railhead machines list')) {
      expect(answers(), `line ${line}: ${command}`).toEqual(comparable(answer));
    } else {
      await expect
        .poll(answers, { message: `line ${line}: ${command}`, timeout: 20_000 })
        .toEqual(comparable(answer));
    }
  }
});
