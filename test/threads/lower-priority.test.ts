import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { threadScript } from '../../src/threads/thread-script.ts';

/** `nice` of a thread: field 19 of proc(5)'s stat, 17 after the name, which is in parentheses. */
function niceOf(task: string): number {
  const stat = readFileSync(`/proc/${task}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

test('a thread lowers its own priority, and not that of the process', async () => {
  const before = niceOf('self');
  const worker = new Worker(threadScript(new URL('./low-priority-thread.js', import.meta.url)));
  const [task] = (await once(worker, 'message')) as [string];
  expect(niceOf(task)).toBe(10);
  expect(niceOf('self')).toBe(before);
  await worker.terminate();
});
