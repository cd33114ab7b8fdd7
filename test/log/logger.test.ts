import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LineOutput } from '../../src/log/line-output.ts';
import { createLogger } from '../../src/log/logger.ts';

let folder: string;
let file: string;
let descriptor: number;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-log-'));
  file = path.join(folder, 'log');
  descriptor = openSync(file, 'a');
});
afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

const written = (): string => readFileSync(file, 'utf8');
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('lines are JSON with the level in words and the time in ISO 8601', async () => {
  createLogger('info', LineOutput.toDescriptor(descriptor)).info({ port: 67 }, 'ready');
  await nextTurn();
  const { time, ...line } = JSON.parse(written()) as Record<string, unknown>;
  expect(line).toEqual({ level: 'info', port: 67, msg: 'ready' });
  expect(time).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
});

test('the lines of one turn of the event loop are written at its end, in order', async () => {
  const log = createLogger('info', LineOutput.toDescriptor(descriptor));
  for (let number = 0; number < 5; number++) log.info({ number }, 'line');
  expect(written()).toBe('');
  await nextTurn();
  const lines = written().trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { number: number }).number)).toEqual([0, 1, 2, 3, 4]);

  log.info('another turn');
  await nextTurn();
  expect(written()).toContain('another turn');
});

test('a turn with more lines than the buffer holds loses none of them', async () => {
  const log = createLogger('info', LineOutput.toDescriptor(descriptor));
  for (let number = 0; number < 1000; number++) log.info({ number }, 'x'.repeat(100));
  expect(written().length).toBeGreaterThan(0);
  await nextTurn();
  expect(written().match(/"number":/g)).toHaveLength(1000);
});

test('a line contains no control character', async () => {
  const hostname = 'a\u001b[2Jb\u009b31mc\u007f';
  createLogger('info', LineOutput.toDescriptor(descriptor)).info({ hostname }, 'lease');
  await nextTurn();
  expect(written().trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect((JSON.parse(written()) as { hostname: string }).hostname).toBe(hostname);
});

test('lines below the level are not written', async () => {
  createLogger('warn', LineOutput.toDescriptor(descriptor)).info('not this');
  await nextTurn();
  expect(written()).toBe('');
});
