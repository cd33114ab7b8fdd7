import { readFileSync, existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadRequest, LoadThreadData } from '../../src/catalog/load-messages.ts';

// The thread that loads catalogs, with a fault in answering one kind of request. The file `fault` in the catalog's
// directory says which when the thread starts; without it the thread has none.

/** What goes wrong, and at which request. */
export interface ThreadFault {
  readonly at: LoadRequest['kind'] | 'start';
  /** `blocked`: in a system call, where a thread cannot be ended; it reads the FIFO `fifo` in the directory. */
  readonly how: 'loops' | 'waits' | 'blocked' | 'throws' | 'exits';
}

const { directory } = (workerData as LoadThreadData).place;
const file = `${directory}/fault`;
const fault = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ThreadFault) : undefined;

function fail(how: ThreadFault['how']): void {
  switch (how) {
    case 'loops':
      for (;;);
    case 'waits':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return;
    case 'blocked':
      readFileSync(`${directory}/fifo`);
      return;
    case 'throws':
      throw new Error('a fault in the thread');
    case 'exits':
      process.exit(3);
  }
}

if (fault?.at === 'start') fail(fault.how);
await import('../../src/catalog/load-thread.ts');
// The thread's own listener has put off its work to the end of this turn, so that a fault comes before the answer.
parentPort?.on('message', ({ kind }: LoadRequest) => {
  if (fault?.at === kind) fail(fault.how);
});
