import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LineOutput } from '../../src/log/line-output.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-log-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Writer {
  readonly child: ChildProcess;
  /** Its output on standard error, line by line. */
  readonly said: AsyncIterator<string>;
}

/** A process that writes this many log lines to `stdout`. */
function startWriter(perTurn: number, turns: number, stdout: number | 'pipe'): Writer {
  const program = path.join(import.meta.dirname, 'writer-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, String(perTurn), String(turns)], {
    stdio: ['ignore', stdout, 'pipe'],
  });
  children.push(child);
  const said: Interface = createInterface(child.stderr!);
  return { child, said: said[Symbol.asyncIterator]() };
}

async function next(said: AsyncIterator<string>): Promise<string> {
  return (await said.next()).value as string;
}

async function endsBySigterm({ child, said }: Writer): Promise<string> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const last = await next(said);
  expect(await exit).toEqual([0, null]);
  return last;
}

test('with a full disk under standard output lines are lost, and the process neither blocks nor ends', async () => {
  const writer = startWriter(100, 100, openSync('/dev/full', 'w'));
  expect(await next(writer.said)).toBe('written lost=10000');
  expect(await endsBySigterm(writer)).toMatch(/^lost=\d+ ended$/);
});

test('with a pipe that its reader closed lines are lost, and the process neither blocks nor ends', async () => {
  const writer = startWriter(100, 100, 'pipe');
  writer.child.stdout!.destroy();
  expect(await next(writer.said)).toMatch(/^written lost=[1-9]\d{3,}$/);
  await endsBySigterm(writer);
});

test('a pipe that is not read keeps its first lines, and the rest is lost without blocking the process', async () => {
  const writer = startWriter(1000, 20, 'pipe');
  // Node reads a pipe only if it has a listener.
  const [, lost] = /^written lost=(\d+)$/.exec(await next(writer.said)) ?? [];
  // The pipe holds 64 KiB and the process a mebibyte and one turn; the rest of 5 MB is lost.
  expect(Number(lost)).toBeGreaterThan(10_000);
  await endsBySigterm(writer);
});

test('a slow reader gets whole lines in order, and the number of missing ones', async () => {
  const writer = startWriter(1000, 20, 'pipe');
  const [, lost] = /^written lost=(\d+)$/.exec(await next(writer.said)) ?? [];
  const lines: { turn: number; number: number; msg: string; lines?: number }[] = [];
  for await (const line of createInterface(writer.child.stdout!)) {
    const read = JSON.parse(line) as (typeof lines)[number];
    lines.push(read);
    if (read.lines !== undefined) break;
  }
  const told = lines.pop()!;
  expect(told.msg).toBe('log lines could not be written and are lost');
  expect(told.lines).toBe(Number(lost));
  expect(lines).toHaveLength(20_000 - Number(lost));
  expect(lines.map(({ turn, number }) => 1000 * turn + number)).toEqual(lines.map((_, index) => index));
  await endsBySigterm(writer);
});

test('a file that was renamed is reopened, and lines go to the new one', () => {
  const file = path.join(folder, 'railhead.log');
  const output = LineOutput.toFile(file);
  output.write('before\n');
  output.flush();
  renameSync(file, `${file}.1`);
  output.write('still the old one\n');
  output.reopen();
  output.write('after\n');
  output.flush();
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('before\nstill the old one\n');
  expect(readFileSync(file, 'utf8')).toBe('after\n');
});

test('if a file cannot be reopened, the old one stays in use', () => {
  const file = path.join(folder, 'logs', 'railhead.log');
  const log = path.join(folder, 'railhead.log');
  expect(() => LineOutput.toFile(file)).toThrow(/ENOENT/);
  const output = LineOutput.toFile(log);
  renameSync(log, `${log}.1`);
  spawnSync('mkdir', [log]);
  expect(() => output.reopen()).toThrow(/EISDIR/);
  output.write('kept\n');
  output.flush();
  expect(readFileSync(`${log}.1`, 'utf8')).toBe('kept\n');
});
